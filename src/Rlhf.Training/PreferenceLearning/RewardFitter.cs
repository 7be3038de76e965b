using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Preference;
using Rlhf.Models;
using Rlhf.Models.Networks;
using Rlhf.Training.Control;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// Fits an ensemble to comparisons (Christiano et al. 2017, §2.2.3). One minibatch is drawn for all members and goes through them in one
/// batched pass; a pair counts for a member as often as it is in that member's bag (<see cref="Bootstrap"/>), and where it is not, the same
/// pass gives that member's validation loss, at the same weights and before the update.
/// </summary>
/// <remarks>Which pairs come is a function of seed and step, so the same labels and steps give the same weights.</remarks>
public sealed class RewardFitter : IDisposable
{
    private const ulong BatchStream = 0x66697431, RestartStream = 0x72657374;
    private readonly RewardEnsemble _ensemble;
    private readonly IKernels _kernels;
    private readonly FitOptions _options;
    private readonly EnsembleOptimizer _optimizer;
    private readonly MemberFit[] _members;
    private readonly HostBuffer<float> _stats = new(PreferenceStats.Length);
    private FitBuffers? _buffers;

    /// <summary>A fitter at step 0.</summary>
    /// <param name="ensemble">Fitted in place; stays the caller's.</param>
    /// <param name="kernels">Backend of loss and optimizer.</param>
    /// <param name="options">Settings.</param>
    public RewardFitter(RewardEnsemble ensemble, IKernels kernels, FitOptions options)
    {
        (_ensemble, _kernels, _options) = (ensemble, kernels, options);
        _optimizer = new EnsembleOptimizer(kernels, ensemble.Network, options.LearningRate);
        _members = [.. Enumerable.Range(0, ensemble.Members).Select(_ => new MemberFit(options))];
    }

    /// <summary>Optimizer steps made.</summary>
    public long Step => _ensemble.FittedSteps;

    /// <summary>Each member's L2 coefficient.</summary>
    public IReadOnlyList<double> Regularization => [.. _members.Select(member => member.Regularization.Coefficient)];

    /// <summary>Each member's ratio of validation to training loss in its last window; NaN before.</summary>
    public IReadOnlyList<double> Ratios => [.. _members.Select(member => member.Regularization.Ratio)];

    /// <summary>Members that collapsed and were given fresh weights, in all.</summary>
    public int Collapses => _members.Sum(member => member.Restarts);

    /// <summary>Called with a member's number when it collapsed and starts over.</summary>
    public Action<int>? Collapsed { get; set; }

    /// <summary>Makes optimizer steps.</summary>
    /// <param name="labels">D, at least one label; all clips of one length.</param>
    /// <param name="steps">How many.</param>
    /// <param name="cancellation">Ends after the current step.</param>
    /// <exception cref="TrainingDivergedException">A gradient is NaN or infinite.</exception>
    public FitReport Fit(IReadOnlyList<LabelledPair> labels, int steps, CancellationToken cancellation = default)
    {
        int length = RequireOneLength(labels), batch = Math.Min(_options.BatchPairs, labels.Count);
        if (_buffers is null || _buffers.Pairs != batch || _buffers.Length != length)
        {
            _buffers?.Dispose();
            _buffers = new FitBuffers(_members.Length, batch, length, _ensemble.Input.Length);
        }

        foreach (MemberFit member in _members)
            member.BeginCall();
        var pairs = new LabelledPair[batch];
        for (int i = 0; i < steps; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Draw(labels, pairs);
            TrainStep(pairs, _buffers);
        }

        return Report(steps);
    }

    /// <summary>Loss gradient of one minibatch, added to the network's gradients: what <see cref="Fit"/> does before it updates.</summary>
    /// <param name="pairs">The minibatch.</param>
    /// <returns>Σ over members of the loss: Σ counts · loss / pairs.</returns>
    internal double Backward(IReadOnlyList<LabelledPair> pairs)
    {
        using var buffers = new FitBuffers(_members.Length, pairs.Count, RequireOneLength(pairs), _ensemble.Input.Length);
        Forward(pairs, buffers);
        return Differentiate(pairs, buffers);
    }

    /// <summary>Writes moments, coefficients and counters beside the ensemble's own files.</summary>
    public void Save(string directory)
    {
        Directory.CreateDirectory(directory);
        _optimizer.Save(Path.Combine(directory, "reward_optimizer.safetensors"));
        ControlFiles.WriteJson(
            Path.Combine(directory, "reward_fit.json"),
            _members.Select(member => new MemberState(member.Regularization.Coefficient, member.Restarts)).ToArray());
    }

    /// <summary>Goes on where <see cref="Save"/> stopped, with fresh windows; the ensemble must have been loaded from the same place.</summary>
    /// <exception cref="DataFormatException">The directory holds no state of such a fit.</exception>
    public void Load(string directory)
    {
        string path = Path.Combine(directory, "reward_fit.json");
        MemberState[] states = ControlFiles.ReadJson<MemberState[]>(path, "the state of a reward model's fit");
        if (states.Length != _members.Length)
            throw new DataFormatException($"{path}: {states.Length} members, expected {_members.Length}");
        _optimizer.Load(Path.Combine(directory, "reward_optimizer.safetensors"));
        for (int m = 0; m < states.Length; m++)
        {
            _members[m].Regularization.Restore(states[m].Coefficient);
            _members[m].Restarts = states[m].Restarts;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _buffers?.Dispose();
        _stats.Dispose();
    }

    private static int RequireOneLength(IReadOnlyList<LabelledPair> labels)
    {
        if (labels.Count == 0)
            throw new ArgumentException("no labels, expected at least one", nameof(labels));
        int length = labels[0].First.Length;
        foreach (LabelledPair pair in labels)
        {
            if (pair.First.Length != length || pair.Second.Length != length)
            {
                throw new DataFormatException(
                    $"label {pair.Id}: clips of {pair.First.Length} and {pair.Second.Length} steps, expected {length} as in the first label");
            }
        }

        return length;
    }

    private void Draw(IReadOnlyList<LabelledPair> labels, LabelledPair[] pairs)
    {
        for (int i = 0; i < pairs.Length; i++)
        {
            (uint low, uint high, _, _) = Philox.Generate(_options.Seed, (ulong)Step, (BatchStream << 32) | (uint)i);
            pairs[i] = labels[(int)Math.BigMul(((ulong)high << 32) | low, (ulong)labels.Count, out _)];
        }
    }

    private void TrainStep(LabelledPair[] pairs, FitBuffers buffers)
    {
        _ensemble.Network.ZeroGradients();
        Forward(pairs, buffers);
        Differentiate(pairs, buffers);
        _ensemble.FittedSteps++;
        for (int m = 0; m < _members.Length; m++)
        {
            // Without a pair in its bag there is nothing to learn from, and the penalty alone would be a step of its own.
            MemberFit member = _members[m];
            if (member.BatchWeight > 0)
                member.GradNorm += _optimizer.Step(m, member.Regularization.Coefficient);
            if (member.EndBatch())
                Restart(m);
        }
    }

    private void Forward(IReadOnlyList<LabelledPair> pairs, FitBuffers buffers)
    {
        View<float> rows = buffers.Rows;
        Span<float> floats = Vectors.Span(rows);
        int clip = buffers.Length * rows.Cols;
        for (int i = 0; i < pairs.Count; i++)
        {
            pairs[i].First.CopyTo(floats.Slice(2 * i * clip, clip));
            pairs[i].Second.CopyTo(floats.Slice(((2 * i) + 1) * clip, clip));
        }

        _ensemble.NormalizeInputs(rows);
        Vectors.Span(_ensemble.Network.Forward(rows, ForwardMode.Training)).CopyTo(Vectors.Span(buffers.Rewards));
    }

    private double Differentiate(IReadOnlyList<LabelledPair> pairs, FitBuffers buffers)
    {
        if (_options.Target == FitTarget.Comparisons)
            Compare(pairs, buffers);
        double total = 0;
        for (int m = 0; m < _members.Length; m++)
        {
            MemberFit member = _members[m];
            member.BeginBatch();
            for (int i = 0; i < pairs.Count; i++)
            {
                int row = (m * pairs.Count) + i, count = Bootstrap.Count(_options.Seed, m, pairs[i].Id);
                double first = buffers.Return(row, 0), second = buffers.Return(row, 1);
                double loss = _options.Target == FitTarget.Comparisons
                    ? CrossEntropy(buffers.Probabilities[row], pairs[i].FirstWeight)
                    : Regress(pairs[i], buffers, row, first, second, pairs.Count);
                buffers.WeighGradient(row, count);
                member.Add(pairs[i], count, loss, first - second);
                total += count * loss / pairs.Count;
            }
        }

        _ensemble.Network.Backward(buffers.GradientColumn);
        return total;
    }

    private void Compare(IReadOnlyList<LabelledPair> pairs, FitBuffers buffers)
    {
        View<float> labels = buffers.Labels;
        for (int row = 0; row < labels.Rows; row++)
            labels[row] = pairs[row % pairs.Count].FirstWeight;
        int length = buffers.Length;
        _kernels.SegmentPreference(new SegmentPreferenceArgs
        {
            Rewards1 = Vectors.Columns(buffers.Rewards, 0, length),
            Rewards2 = Vectors.Columns(buffers.Rewards, length, length),
            Labels = labels,
            Noise = _options.LabelNoise,
            Normalizer = pairs.Count,
            Probabilities = buffers.Probabilities,
            GradRewards1 = Vectors.Columns(buffers.Gradients, 0, length),
            GradRewards2 = Vectors.Columns(buffers.Gradients, length, length),
            Stats = _stats.View(PreferenceStats.Length),
        });
    }

    private static double CrossEntropy(double probability, double label) =>
        (label > 0 ? -label * Math.Log(probability) : 0) + (label < 1 ? -(1 - label) * Math.Log(1 - probability) : 0);

    // Mean over both clips of (predicted − true)², and its gradient, the same for every step of a clip.
    private static double Regress(LabelledPair pair, FitBuffers buffers, int row, double first, double second, int pairs)
    {
        if (!float.IsFinite(pair.FirstReturn) || !float.IsFinite(pair.SecondReturn))
            throw new DataFormatException($"label {pair.Id}: no true return, which regression needs of every segment");
        double error1 = first - pair.FirstReturn, error2 = second - pair.SecondReturn;
        buffers.SetGradient(row, (float)(error1 / pairs), (float)(error2 / pairs));
        return 0.5 * ((error1 * error1) + (error2 * error2));
    }

    private void Restart(int member)
    {
        (uint low, uint high, _, _) = Philox.Generate(_options.Seed, (ulong)member, (RestartStream << 32) | (uint)_members[member].Restarts);
        _optimizer.Restart(member, ((ulong)high << 32) | low);
        Collapsed?.Invoke(member);
    }

    private FitReport Report(int steps)
    {
        double validation = _members.Sum(member => member.ValidationWeight);
        return new FitReport(
            steps,
            _members.Sum(member => member.TrainLoss) / _members.Sum(member => member.TrainWeight),
            validation > 0 ? _members.Sum(member => member.ValidationLoss) / validation : double.NaN,
            _members.Aggregate(default(PairAccuracy), (sum, member) => sum + member.TrainAccuracy),
            _members.Aggregate(default(PairAccuracy), (sum, member) => sum + member.ValidationAccuracy),
            _members.Sum(member => member.GradNorm) / (steps * _members.Length));
    }

    private sealed record MemberState(double Coefficient, int Restarts);
}
