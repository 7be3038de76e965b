using System.Numerics.Tensors;
using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Optimizer;
using Rlhf.Models;
using Rlhf.Models.Networks;
using Rlhf.Training.Control;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// Adam over an ensemble, each member by itself: its own L2 coefficient, its own step number, no norm shared with the others, so that one
/// can start over while the others go on. The penalty is part of the loss and goes through the moments (Kingma and Ba 2015), unlike AdamW's
/// decay, which is 0 here.
/// </summary>
internal sealed class EnsembleOptimizer : IDisposable
{
    private readonly IKernels _kernels;
    private readonly Network _network;
    private readonly HostBuffer<float> _moment1, _moment2;
    private readonly NetworkParameter[][] _matrices;
    private readonly int[] _steps;
    private readonly float _learningRate;

    public EnsembleOptimizer(IKernels kernels, Network network, float learningRate)
    {
        (_kernels, _network, _learningRate) = (kernels, network, learningRate);
        _moment1 = new HostBuffer<float>(network.Weights.Rows);
        _moment2 = new HostBuffer<float>(network.Weights.Rows);
        _matrices = [.. Enumerable.Range(0, network.Members).Select(member =>
            network.Parameters.Where(tensor => tensor.Member == member && tensor.Shape.Count > 1).ToArray())];
        _steps = new int[network.Members];
    }

    /// <summary>Adds d(λ Σw²)/dw to one member's gradients, then makes its Adam step. Biases are not penalised.</summary>
    /// <returns>The norm of the member's gradient, its penalty included.</returns>
    /// <exception cref="TrainingDivergedException">A gradient is NaN or infinite: the weights are those before the step.</exception>
    public double Step(int member, double regularization)
    {
        Span<float> weights = Vectors.Span(_network.Weights), gradients = Vectors.Span(_network.Gradients);
        foreach (NetworkParameter tensor in regularization > 0 ? _matrices[member] : [])
        {
            Span<float> gradient = gradients.Slice(tensor.Offset, tensor.Count);
            TensorPrimitives.MultiplyAdd(weights.Slice(tensor.Offset, tensor.Count), (float)(2 * regularization), gradient, gradient);
        }

        int start = member * _network.WeightsPerMember, count = _network.WeightsPerMember;
        double squares = TensorPrimitives.SumOfSquares<float>(gradients.Slice(start, count));
        if (!double.IsFinite(squares))
            throw new TrainingDivergedException($"reward model: the gradient of member {member} is {squares} at its step {_steps[member] + 1}; stopped before the update");

        _kernels.AdamW(new AdamWArgs
        {
            Parameters = _network.MemberWeights(member),
            Gradients = _network.Gradients.SliceRows(start, count),
            Moment1 = Moment1.SliceRows(start, count),
            Moment2 = Moment2.SliceRows(start, count),
            Step = ++_steps[member],
            LearningRate = _learningRate,
            Beta1 = 0.9f,
            Beta2 = 0.999f,
            Epsilon = 1e-8f,
        });
        return Math.Sqrt(squares);
    }

    /// <summary>Gives a member first weights anew and forgets its moments.</summary>
    public void Restart(int member, ulong seed)
    {
        int start = member * _network.WeightsPerMember, count = _network.WeightsPerMember;
        _network.Initialize(member, seed);
        _moment1.Span.Slice(start, count).Clear();
        _moment2.Span.Slice(start, count).Clear();
        _steps[member] = 0;
    }

    public void Save(string path)
    {
        OptimizerState.Save(path, 0, States());
        ControlFiles.WriteJson(Path.ChangeExtension(path, ".json"), _steps);
    }

    /// <exception cref="DataFormatException">Not the state of such an optimizer.</exception>
    public void Load(string path)
    {
        OptimizerState.Load(path, States());
        int[] steps = ControlFiles.ReadJson<int[]>(Path.ChangeExtension(path, ".json"), "each member's steps");
        if (steps.Length != _steps.Length)
            throw new DataFormatException($"{Path.ChangeExtension(path, ".json")}: {steps.Length} members, expected {_steps.Length}");
        steps.CopyTo(_steps, 0);
    }

    public void Dispose()
    {
        _moment1.Dispose();
        _moment2.Dispose();
    }

    private View<float> Moment1 => _moment1.View(_network.Weights.Rows);

    private View<float> Moment2 => _moment2.View(_network.Weights.Rows);

    private IEnumerable<(string Name, View<float> Values)> States() => [("moment1", Moment1), ("moment2", Moment2)];
}
