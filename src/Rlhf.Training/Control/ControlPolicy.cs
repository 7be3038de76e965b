using Rlhf.Environments;
using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Models;
using Rlhf.Models.Networks;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Control;

/// <summary>
/// What acts: the normaliser of its observations, a network, and the distribution that its outputs stand for (Gaussian for a box,
/// categorical for choices). It is saved and loaded as one.
/// </summary>
/// <remarks>One thread at a time. Acting allocates nothing.</remarks>
public sealed class ControlPolicy : IDisposable
{
    private const string PolicyFile = "policy.json", NetworkFile = "network.safetensors";
    private readonly IKernels _kernels;
    private readonly PolicyConfig _config;
    private readonly Ppo.Scratch _inputs = new();

    /// <summary>A policy with random weights.</summary>
    /// <param name="kernels">Backend.</param>
    /// <param name="environment">Shapes of observations and actions.</param>
    /// <param name="config">Settings.</param>
    /// <param name="seed">Of the weights.</param>
    /// <param name="sharesValue">Whether the network has one more output, the value (A2C over frames).</param>
    public ControlPolicy(IKernels kernels, EnvironmentSpec environment, PolicyConfig config, ulong seed, bool sharesValue = false)
    {
        (_kernels, _config, Environment, SharesValue) = (kernels, config, environment, sharesValue);
        Outputs = environment.Actions.PolicyOutputs;
        Network = new Network(PolicyNetworks.Policy(environment, config, sharesValue), seed);
        Distribution = environment.Actions.IsDiscrete
            ? new CategoricalActions(kernels)
            : new GaussianActions(kernels, Outputs, config.InitialLogStd);
        Normalizer = config.NormalizeObservations && !environment.IsPixels ? new ObservationNormalizer(environment.ObservationLength) : null;
        Buffers = PolicyNetworks.Buffers(Network);
    }

    /// <summary>Shapes of observations and actions.</summary>
    public EnvironmentSpec Environment { get; }

    /// <summary>The network.</summary>
    public Network Network { get; }

    /// <summary>Moments of the observations; null where raw ones are taken.</summary>
    public ObservationNormalizer? Normalizer { get; }

    /// <summary>Whether the last output of the network is the value.</summary>
    public bool SharesValue { get; }

    /// <summary>[A] log standard deviation of each action; absent for choices.</summary>
    public View<float> LogStds => Distribution.Extra?.Weights ?? default;

    internal int Outputs { get; }

    internal IActionDistribution Distribution { get; }

    internal ParameterBuffers Buffers { get; }

    /// <summary>All that is trained, by the name that an optimizer's file gives it.</summary>
    internal IReadOnlyList<(string Name, ParameterBuffers Buffers)> Trained =>
        Distribution.Extra is { } extra ? [("policy", Buffers), ("log_std", extra)] : [("policy", Buffers)];

    /// <summary>What the policy does when it explores nothing: the mean action, or the most likely choice.</summary>
    /// <param name="observations">[N, O] raw observations.</param>
    /// <param name="actions">[N, A] result.</param>
    public void Act(ReadOnlyView<float> observations, View<float> actions)
    {
        ReadOnlyView<float> inputs = observations;
        if (Normalizer is not null)
        {
            View<float> normalized = _inputs.Get(observations.Rows, observations.Cols);
            Normalizer.Normalize(observations, normalized);
            inputs = normalized;
        }

        Distribution.Mode(Head(Network.Forward(inputs, ForwardMode.Inference)), actions);
    }

    /// <summary>Writes the policy to a directory.</summary>
    public void Save(string directory)
    {
        Directory.CreateDirectory(directory);
        Network.Save(Path.Combine(directory, NetworkFile));
        ControlFiles.WriteJson(
            Path.Combine(directory, PolicyFile),
            new PolicyState(Environment.Id, Outputs, SharesValue, _config, LogStds.IsEmpty ? [] : [.. Vectors.Span(LogStds)], Normalizer?.Capture()));
    }

    /// <summary>Reads a policy that <see cref="Save"/> wrote.</summary>
    /// <param name="kernels">Backend.</param>
    /// <param name="environment">The environment that it is to act in.</param>
    /// <param name="directory">Where it was written.</param>
    /// <exception cref="DataFormatException">Missing, malformed, or the policy of another environment.</exception>
    public static ControlPolicy Load(IKernels kernels, EnvironmentSpec environment, string directory)
    {
        string path = Path.Combine(directory, PolicyFile);
        PolicyState state = ControlFiles.ReadJson<PolicyState>(path, "a policy");
        if (state.Environment != environment.Id || state.Outputs != environment.Actions.PolicyOutputs)
            throw new DataFormatException($"{path}: a policy for {state.Environment} with {state.Outputs} outputs, expected {environment.Id} with {environment.Actions.PolicyOutputs}");
        var policy = new ControlPolicy(kernels, environment, state.Config, seed: 0, state.SharesValue);
        try
        {
            policy.Restore(directory, state);
            return policy;
        }
        catch
        {
            policy.Dispose();
            throw;
        }
    }

    /// <summary>Puts a saved policy of the same kind in the place of this one.</summary>
    /// <exception cref="DataFormatException">Missing, malformed, or another kind of policy.</exception>
    public void Restore(string directory) =>
        Restore(directory, ControlFiles.ReadJson<PolicyState>(Path.Combine(directory, PolicyFile), "a policy"));

    /// <inheritdoc/>
    public void Dispose()
    {
        Network.Dispose();
        Distribution.Dispose();
        _inputs.Dispose();
    }

    /// <summary>Draws actions for the rows of a step and writes what was seen and done into the rollout.</summary>
    internal void Sample(ReadOnlyView<float> observations, View<float> inputs, in ActionDraw draw, View<float> actions, View<int> choices, View<float> logprobs)
    {
        Normalizer?.Normalize(observations, inputs);
        Distribution.Sample(Head(Network.Forward(inputs, ForwardMode.Inference)), draw, actions, choices, logprobs);
    }

    /// <summary>[N, P] the outputs that belong to the distribution.</summary>
    internal ReadOnlyView<float> Head(ReadOnlyView<float> outputs) => SharesValue ? Vectors.Columns(outputs, 0, Outputs) : outputs;

    private void Restore(string directory, PolicyState state)
    {
        string path = Path.Combine(directory, PolicyFile);
        if (state.LogStds.Length != LogStds.Rows || state.Normalizer is null != Normalizer is null)
            throw new DataFormatException($"{path}: {state.LogStds.Length} log standard deviations, expected {LogStds.Rows}; or another way to see observations");
        Network.Load(Path.Combine(directory, NetworkFile));
        if (state.LogStds.Length > 0)
            state.LogStds.CopyTo(Vectors.Span(LogStds));
        if (state.Normalizer is not null)
            Normalizer!.Restore(state.Normalizer, path);
    }
}
