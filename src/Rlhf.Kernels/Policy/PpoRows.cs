using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Policy;

/// <summary>
/// The row kernel of PpoFromLogits and LinearPpo: log-prob, loss, gradient, while the row is in cache. Statistics are summed in
/// blocks of tokens that depend on the number of tokens alone (<see cref="ElementGrid"/>) and within a block in order, so that
/// neither threads nor chunks change their bits.
/// </summary>
internal unsafe struct PpoRows<T> : IHeadRows, IRangeBody
    where T : unmanaged
{
    private ReadOnlyView<T> _logits;
    private View<T> _gradLogits;
    private int* _tokens;
    private int _firstBlock;

    public LogitScale Scale;
    public ReadOnlyView<int> Targets;
    public ReadOnlyView<float> OldLogprobs, Advantages, Weights;
    public ReadOnlyView<byte> Mask;
    public PpoClipOptions Options;
    public float EntropyCoef, Normalizer;
    public View<float> Logprobs, Entropy;
    public ElementGrid Grid;
    public PpoClipStats* Partials;

    private readonly bool WithEntropy => EntropyCoef != 0f || !Entropy.IsEmpty;

    /// <summary>A chunk of the fused head: gradients over the logits, rows by their tokens.</summary>
    public void Visit(SimdRunner runner, View<float> logits, int* tokens)
    {
        var same = new View<T>((T*)logits.Pointer, logits.Rows, logits.Cols, logits.RowStride);
        int firstBlock = tokens[0] / Grid.RowsPerBlock, lastBlock = tokens[logits.Rows - 1] / Grid.RowsPerBlock;
        Visit(runner, same, same, tokens, firstBlock, lastBlock - firstBlock + 1);
    }

    /// <summary>All rows, each its own token.</summary>
    public void Visit(SimdRunner runner, ReadOnlyView<T> logits, View<T> gradLogits) =>
        Visit(runner, logits, gradLogits, null, 0, Grid.Blocks);

    public readonly PpoClipStats Total()
    {
        PpoClipStats total = default;
        for (int block = 0; block < Grid.Blocks; block++)
        {
            total += Partials[block];
        }

        return total;
    }

    [SkipLocalsInit]
    public readonly void Run<TV>(int begin, int end)
        where TV : struct, ISimd<TV>
    {
        float* scratch = stackalloc float[SoftmaxRow<T>.Block];
        for (int block = _firstBlock + begin; block < _firstBlock + end; block++)
        {
            PpoClipStats sum = Partials[block];
            int last = FirstRow((block + 1) * Grid.RowsPerBlock);
            for (int row = FirstRow(block * Grid.RowsPerBlock); row < last; row++)
            {
                sum += Row<TV>(row, _tokens == null ? row : _tokens[row], scratch);
            }

            Partials[block] = sum;
        }
    }

    private void Visit(SimdRunner runner, ReadOnlyView<T> logits, View<T> gradLogits, int* tokens, int firstBlock, int blocks)
    {
        _logits = logits;
        _gradLogits = gradLogits;
        _tokens = tokens;
        _firstBlock = firstBlock;
        runner.Run(ref this, blocks, RowGrain.Of((long)Grid.RowsPerBlock * logits.Cols));
    }

    // The first row of logits whose token is at least the given one.
    private readonly int FirstRow(int token)
    {
        if (_tokens == null)
        {
            return Math.Min(token, _logits.Rows);
        }

        int at = new ReadOnlySpan<int>(_tokens, _logits.Rows).BinarySearch(token);
        return at >= 0 ? at : ~at;
    }

    private readonly PpoClipStats Row<TV>(int row, int token, float* scratch)
        where TV : struct, ISimd<TV>
    {
        if (!Mask.IsEmpty && Mask[token] == 0)
        {
            new Span<T>(_gradLogits.Row(row), _logits.Cols).Clear();
            Write(token, 0f, 0);
            return default;
        }

        int target = Targets[token];
        var softmax = new SoftmaxRow<T>(_logits.Row(row), _logits.Cols, Scale, scratch);
        softmax.Measure<TV>(WithEntropy);
        float logprob = (float)softmax.Select<TV>(target);
        double entropy = WithEntropy ? softmax.Entropy : 0;
        Write(token, logprob, entropy);

        float weight = (Weights.IsEmpty ? 1f : Weights[token]) / Normalizer;
        var step = new PpoClipStep<Lanes1>(Options);
        float slope = Lanes1.Sum(step.Next(
            Lanes1.Broadcast(logprob),
            Lanes1.Broadcast(OldLogprobs.IsEmpty ? logprob : OldLogprobs[token]),
            Lanes1.Broadcast(Advantages[token]),
            SimdTail.FullMask<Lanes1>(null)));
        softmax.Gradient<TV>(target, (double)slope * weight, -(double)EntropyCoef * weight, entropy, _gradLogits.Row(row));

        PpoClipStats stats = step.Total(weight);
        return stats with { Loss = stats.Loss - (EntropyCoef * entropy * weight), Entropy = entropy };
    }

    private readonly void Write(int token, float logprob, double entropy)
    {
        Logprobs[token] = logprob;
        if (!Entropy.IsEmpty)
        {
            Entropy[token] = (float)entropy;
        }
    }
}
