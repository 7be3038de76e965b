using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Preference;
using Rlhf.Models;
using Rlhf.Training.Data;

namespace Rlhf.Training.Reward;

/// <summary>
/// The reward model's loss over a batch: each completion goes through the model once, and all pairs of a prompt are one element
/// (InstructGPT, eq. 1). Pairs with margin or centering take TRL's loss.
/// </summary>
public sealed class RewardLoss : IDisposable
{
    private readonly ScalarModel _model;
    private readonly IKernels _kernels;
    private readonly float _centering, _noise;
    private readonly TokenBatchBuffer _batch = new();
    private readonly HostBuffer<float> _stats = new(PreferenceStats.Length);
    private HostBuffer<float> _scores = new(0), _gradients = new(0), _margins = new(0);
    private HostBuffer<int> _ranks = new(0), _offsets = new(0);

    /// <summary>A loss over a model's parameters; its gradients are added to the model's.</summary>
    /// <param name="model">The model; stays the caller's.</param>
    /// <param name="kernels">Backend.</param>
    /// <param name="centering">Coefficient of (chosen + rejected)² on pairs.</param>
    /// <param name="noise">Probability of a uniformly random label.</param>
    public RewardLoss(ScalarModel model, IKernels kernels, float centering = 0, float noise = 0)
    {
        _model = model;
        _kernels = kernels;
        _centering = centering;
        _noise = noise;
    }

    /// <summary>Tokens of the last batch.</summary>
    public long TokenCount => _batch.TokenCount;

    /// <summary>Statistics of a micro-batch; adds its gradient to the model's.</summary>
    /// <param name="examples">The micro-batch.</param>
    /// <param name="normalizer">Prompts of the whole batch, so that the result does not depend on how it is split.</param>
    public PreferenceStats Backward(IReadOnlyList<RewardExample> examples, float normalizer) => Run(examples, normalizer, backward: true);

    /// <summary>Statistics of a micro-batch without gradients.</summary>
    public PreferenceStats Forward(IReadOnlyList<RewardExample> examples, float normalizer) => Run(examples, normalizer, backward: false);

    /// <summary>Statistics of a whole data set, its loss the mean over prompts.</summary>
    public PreferenceStats Evaluate(IReadOnlyList<RewardExample> examples, int batchSize) =>
        examples.Chunk(batchSize).Select(batch => Forward(batch, examples.Count)).Aggregate((left, right) => left + right);

    /// <inheritdoc/>
    public void Dispose()
    {
        _batch.Dispose();
        _stats.Dispose();
        _scores.Dispose();
        _gradients.Dispose();
        _margins.Dispose();
        _ranks.Dispose();
        _offsets.Dispose();
    }

    private PreferenceStats Run(IReadOnlyList<RewardExample> examples, float normalizer, bool backward)
    {
        // Chosen ones first, then rejected ones, when all are pairs: the two halves are views of one vector.
        bool pairs = examples.All(example => example.Sequences.Count == 2 && example.Ranks[0] < example.Ranks[1]);
        if (!pairs && (_centering != 0 || examples.Any(example => example.Margin != 0)))
            throw new ArgumentException("margins and centering apply to pairs, the batch has larger groups");
        _batch.Fill(
            pairs
                ? [.. examples.Select(example => example.Sequences[0]), .. examples.Select(example => example.Sequences[1])]
                : [.. examples.SelectMany(example => example.Sequences)],
            PaddingSide.Right);
        int count = _batch.Tokens.Batch;
        TokenBatchBuffer.Grow(ref _scores, count);
        TokenBatchBuffer.Grow(ref _gradients, count);
        View<float> gradients = backward ? _gradients.View(count) : default;
        _model.Forward(_batch.Tokens, _batch.LastRows, _scores.View(count), keep: backward);
        if (pairs)
            ComparePairs(examples, normalizer, gradients);
        else
            CompareGroups(examples, normalizer, gradients);
        if (backward)
            _model.Backward(gradients);
        return PreferenceStats.Read(_stats.View(PreferenceStats.Length));
    }

    private void ComparePairs(IReadOnlyList<RewardExample> examples, float normalizer, View<float> gradients)
    {
        int count = examples.Count;
        TokenBatchBuffer.Grow(ref _margins, count);
        for (int i = 0; i < count; i++)
            _margins.Span[i] = examples[i].Margin;
        _kernels.PairwiseLoss(new PairwiseLossArgs
        {
            Chosen = _scores.View(2 * count).SliceRows(0, count),
            Rejected = _scores.View(2 * count).SliceRows(count, count),
            Margins = _margins.View(count),
            Centering = _centering,
            Noise = _noise,
            Normalizer = normalizer,
            GradChosen = gradients.IsEmpty ? default : gradients.SliceRows(0, count),
            GradRejected = gradients.IsEmpty ? default : gradients.SliceRows(count, count),
            Stats = _stats.View(PreferenceStats.Length),
        });
    }

    private void CompareGroups(IReadOnlyList<RewardExample> examples, float normalizer, View<float> gradients)
    {
        int count = _batch.Tokens.Batch;
        TokenBatchBuffer.Grow(ref _ranks, count);
        TokenBatchBuffer.Grow(ref _offsets, examples.Count + 1);
        int next = 0;
        for (int group = 0; group < examples.Count; group++)
        {
            _offsets.Span[group] = next;
            foreach (int rank in examples[group].Ranks)
                _ranks.Span[next++] = rank;
        }

        _offsets.Span[examples.Count] = next;
        _kernels.RankingLoss(new RankingLossArgs
        {
            Rewards = _scores.View(count),
            Ranks = _ranks.View(count),
            GroupOffsets = _offsets.View(examples.Count + 1),
            Noise = _noise,
            Normalizer = normalizer,
            GradRewards = gradients,
            Stats = _stats.View(PreferenceStats.Length),
        });
    }
}
