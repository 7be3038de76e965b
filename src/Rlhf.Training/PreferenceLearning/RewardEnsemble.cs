using System.Text.Json.Serialization;
using Rlhf.Environments;
using Rlhf.Kernels.Memory;
using Rlhf.Models;
using Rlhf.Models.Networks;
using Rlhf.Training.Control;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// r̂ as M networks that run as one batched pass, with what brings inputs and outputs to scale. What a policy gets is
/// <see cref="RewardScale"/>'s average; what a query is chosen by is each member's own prediction.
/// </summary>
/// <remarks>One thread at a time: policy, queries and fitting each have their own, and <see cref="CopyFrom"/> carries news between them.</remarks>
public sealed class RewardEnsemble : IDisposable
{
    private const string StateFile = "reward_model.json", WeightsFile = "reward_model.safetensors";
    private readonly RewardModelOptions _options;
    private readonly ObservationNormalizer? _normalizer;
    private readonly int _chunk;
    private HostBuffer<float> _rows;

    /// <summary>Networks with fresh weights.</summary>
    /// <param name="input">What they look at.</param>
    /// <param name="options">What they are.</param>
    /// <param name="seed">Of the first weights and of dropout.</param>
    public RewardEnsemble(RewardInput input, RewardModelOptions options, ulong seed)
    {
        (Input, _options, Seed) = (input, options, seed);
        Network = new Network(RewardNetworks.Spec(input, options), seed);
        _normalizer = input.IsPixels ? null : new ObservationNormalizer(input.Length);
        _chunk = options.ChunkRows > 0 ? options.ChunkRows : input.IsPixels ? 256 : 8192;
        _rows = new HostBuffer<float>(input.Length);
        Scale = new RewardScale([.. new double[Members]], [.. Enumerable.Repeat(1.0, Members)], 0, RewardStd);
    }

    /// <summary>What a row is.</summary>
    public RewardInput Input { get; }

    /// <summary>What the networks are.</summary>
    public RewardModelOptions Options => _options;

    /// <summary>M.</summary>
    public int Members => _options.Members;

    /// <summary>The networks. Output [M·N, 1], member after member.</summary>
    public Network Network { get; }

    /// <summary>Of the first weights.</summary>
    public ulong Seed { get; }

    /// <summary>From members' predictions to rewards.</summary>
    public RewardScale Scale { get; internal set; }

    /// <summary>Optimizer steps that these weights have seen.</summary>
    public long FittedSteps { get; internal set; }

    /// <summary>Deviation of the rewards that a policy gets.</summary>
    public double RewardStd => _options.RewardStd ?? (Input.IsPixels ? 0.05 : 1);

    /// <summary>Takes raw rows [N, I] into the moments by which inputs are normalised, as imitation's networks do; nothing for pixels.</summary>
    public void ObserveInputs(ReadOnlyView<float> rows) => _normalizer?.Update(rows);

    /// <summary>Takes moments that were gathered elsewhere; nothing for pixels.</summary>
    internal void SetInputs(RunningMoments.State moments) => _normalizer?.Restore(moments, "moments of the inputs");

    /// <summary>Normalises raw rows [N, I] in place.</summary>
    public void NormalizeInputs(View<float> rows) => _normalizer?.Normalize(rows, rows);

    /// <summary>Each member's reward of each step.</summary>
    /// <param name="observations">[N, observation] raw.</param>
    /// <param name="actions">[N, action].</param>
    /// <param name="predictions">[M, N] result.</param>
    public void Predict(ReadOnlySpan<float> observations, ReadOnlySpan<float> actions, Span<float> predictions)
    {
        int count = predictions.Length / Members;
        for (int start = 0; start < count; start += _chunk)
        {
            int rows = Math.Min(_chunk, count - start);
            View<float> chunk = Rows(rows);
            Input.Encode(
                observations.Slice(start * Input.ObservationLength, rows * Input.ObservationLength),
                actions.Slice(start * Input.ActionLength, rows * Input.ActionLength),
                Vectors.Span(chunk));
            Predict(chunk, start, count, predictions);
        }
    }

    /// <summary>Each member's reward of each step of some clips of one length.</summary>
    /// <param name="clips">C clips of k steps.</param>
    /// <param name="predictions">[M, C·k] result.</param>
    public void Predict(IReadOnlyList<RewardClip> clips, Span<float> predictions)
    {
        int length = clips.Count > 0 ? clips[0].Length : 1, perChunk = Math.Max(1, _chunk / length), width = Input.Length;
        for (int start = 0; start < clips.Count; start += perChunk)
        {
            int some = Math.Min(perChunk, clips.Count - start);
            View<float> chunk = Rows(some * length);
            for (int i = 0; i < some; i++)
                clips[start + i].CopyTo(Vectors.Span(chunk).Slice(i * length * width, length * width));
            Predict(chunk, start * length, clips.Count * length, predictions);
        }
    }

    /// <summary>Sets <see cref="Scale"/> so that rewards of these predictions [M, N] have mean 0 and the deviation wanted.</summary>
    public void Calibrate(ReadOnlySpan<float> predictions) => Scale = RewardScale.Of(predictions, Members, RewardStd);

    /// <summary>Becomes equal to another ensemble of the same form.</summary>
    public void CopyFrom(RewardEnsemble other)
    {
        Network.CopyFrom(other.Network);
        _normalizer?.Restore(other._normalizer!.Capture(), "another ensemble");
        Scale = other.Scale;
        FittedSteps = other.FittedSteps;
    }

    /// <summary>An equal ensemble of its own memory.</summary>
    public RewardEnsemble Clone()
    {
        var clone = new RewardEnsemble(Input, _options, Seed);
        clone.CopyFrom(this);
        return clone;
    }

    /// <summary>A reward model as <see cref="Save"/> wrote it, with the networks that it has; the caller's.</summary>
    /// <param name="environment">Whose steps it is to judge.</param>
    /// <param name="directory">Where it was written.</param>
    /// <exception cref="DataFormatException">Missing, malformed, or of another environment or other inputs.</exception>
    public static RewardEnsemble Open(EnvironmentSpec environment, string directory)
    {
        string path = Path.Combine(directory, StateFile);
        State state = ReadState(path);
        if (state.Model is not { } options || state.Shape is not { } shape)
            throw new DataFormatException($"{path}: no scale of rewards, expected a reward model of this version");
        if (state.Environment != environment.Id)
            throw new DataFormatException($"{path}: a reward model for {state.Environment}, expected one for {environment.Id}");
        var input = new RewardInput(environment);
        if (!input.Shape.SequenceEqual(shape))
            throw new DataFormatException($"{path}: a reward model for inputs of [{string.Join(", ", shape)}], expected [{string.Join(", ", input.Shape)}] as {environment.Id} has");
        var ensemble = new RewardEnsemble(input, options, seed: 0);
        try
        {
            ensemble.Load(directory);
            return ensemble;
        }
        catch
        {
            ensemble.Dispose();
            throw;
        }
    }

    /// <summary>Writes weights, moments and scale into a directory.</summary>
    public void Save(string directory)
    {
        Directory.CreateDirectory(directory);
        Network.Save(Path.Combine(directory, WeightsFile));
        ControlFiles.WriteJson(
            Path.Combine(directory, StateFile),
            new State(FittedSteps, [.. Scale.Shifts], [.. Scale.Gains], Scale.Shift, Scale.Gain, _normalizer?.Capture(), Input.Environment, [.. Input.Shape], _options));
    }

    /// <summary>Becomes what <see cref="Save"/> wrote.</summary>
    /// <exception cref="DataFormatException">The directory holds no reward model of this form.</exception>
    public void Load(string directory)
    {
        string path = Path.Combine(directory, StateFile);
        State state = ReadState(path);
        if (state.Shifts.Length != Members || state.Gains.Length != Members)
            throw new DataFormatException($"{path}: {state.Shifts.Length} members, expected {Members}");
        if (_normalizer is not null)
            _normalizer.Restore(state.Inputs ?? throw new DataFormatException($"{path}: no moments of inputs"), path);
        Network.Load(Path.Combine(directory, WeightsFile));
        Scale = new RewardScale(state.Shifts, state.Gains, state.Shift, state.Gain);
        FittedSteps = state.FittedSteps;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Network.Dispose();
        _rows.Dispose();
    }

    /// <summary>Each member's reward [M, T·N] of each step of a rollout, into memory that grows to hold it.</summary>
    internal void Predict(ControlRollout rollout, ref float[] predictions)
    {
        if (predictions.Length != Members * rollout.Count)
            predictions = new float[Members * rollout.Count];
        Predict(Vectors.Span(rollout.Observations), Vectors.Span(rollout.Actions), predictions);
    }

    private static State ReadState(string path) => ControlFiles.ReadJson<State>(path, "a reward model");

    private void Predict(View<float> chunk, int start, int count, Span<float> predictions)
    {
        NormalizeInputs(chunk);
        ReadOnlyView<float> output = Network.Forward(chunk, ForwardMode.Inference);
        ReadOnlySpan<float> values = Vectors.Span(output);
        for (int m = 0; m < Members; m++)
            values.Slice(m * chunk.Rows, chunk.Rows).CopyTo(predictions.Slice((m * count) + start, chunk.Rows));
    }

    private View<float> Rows(int rows)
    {
        if (_rows.Length < (long)rows * Input.Length)
        {
            _rows.Dispose();
            _rows = new HostBuffer<float>((long)rows * Input.Length);
        }

        return _rows.View(rows, Input.Length);
    }

    // The last three are missing in checkpoints of versions that saved no scale; a run goes on from those, since it knows them itself.
    private sealed record State(
        long FittedSteps,
        [property: JsonRequired] double[] Shifts,
        [property: JsonRequired] double[] Gains,
        double Shift,
        double Gain,
        RunningMoments.State? Inputs,
        string? Environment = null,
        int[]? Shape = null,
        RewardModelOptions? Model = null);
}
