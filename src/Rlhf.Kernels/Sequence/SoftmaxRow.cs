using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>
/// One row of logits under the softmax: what TokenLogprobs, PpoFromLogits, the fused head and the sampler have in common.
/// The row is walked in blocks that stay in the first-level cache: maximum, then Σ 2^((u−m) SlopeLog2), merged over the blocks in
/// f64. The walk depends on the vocabulary alone, so a row has the same bits wherever it stands.
/// </summary>
internal unsafe struct SoftmaxRow<T>
    where T : unmanaged
{
    /// <summary>Elements of a block, and of the scratch that the row needs.</summary>
    public const int Block = 2048;

    private readonly T* _logits;
    private readonly int _vocab;
    private readonly LogitScale _scale;
    private readonly float* _scratch;

    // Σ over the block that raised the maximum last, and over all others; both relative to the maximum.
    private double _topSum, _otherSum, _weighted;
    private int _topBlock;

    public SoftmaxRow(T* logits, int vocab, in LogitScale scale, float* scratch)
    {
        _logits = logits;
        _vocab = vocab;
        _scale = scale;
        _scratch = scratch;
        Max = float.NegativeInfinity;
    }

    /// <summary>Maximum of u.</summary>
    public float Max { get; private set; }

    /// <summary>Σ e^(z−m); NaN for a row without a finite maximum.</summary>
    public readonly double Sum => float.IsNegativeInfinity(Max) ? double.NaN : _topSum + _otherSum;

    /// <summary>log Σ e^(z−m).</summary>
    public readonly double LogSum => Math.Log(Sum);

    /// <summary>log Σ e^(z−m) − Σ (z−m) e^(z−m) / Σ e^(z−m), after a <see cref="Measure"/> that was asked for it.</summary>
    public readonly double Entropy => LogSum - (_weighted * Math.Log(2) / Sum);

    // Where nothing finite was seen yet: −∞ − 0 is still −∞, and a NaN still shows.
    private readonly float Reference => float.IsNegativeInfinity(Max) ? 0f : Max;

    /// <summary>Takes over the statistics of an earlier pass instead of measuring.</summary>
    public void Restore(float max, double logSum)
    {
        Max = max;
        _topSum = Math.Exp(logSum);
        _otherSum = 0;
    }

    /// <summary>Maximum and sum, and the entropy's sum where asked.</summary>
    public void Measure<TV>(bool entropy)
        where TV : struct, ISimd<TV>
    {
        for (int begin = 0; begin < _vocab; begin += Block)
        {
            int count = Math.Min(Block, _vocab - begin);
            float* u = _scale.Block<T, TV>(_logits + begin, count, _scratch);
            float max = RowSweeps.Max<TV>(u, count);
            bool raised = max > Max;
            if (raised)
            {
                // From −∞ there is nothing to rescale (what was summed is 0, or a NaN that must stay).
                double shift = float.IsNegativeInfinity(Max) ? 0 : (double)Max - max;
                double factor = Math.Exp(shift * _scale.Slope);
                double sum = _topSum + _otherSum;
                _weighted = (_weighted + (shift * _scale.Slope / Math.Log(2) * sum)) * factor;
                _otherSum = sum * factor;
                _topSum = 0;
                _topBlock = begin;
                Max = max;
            }

            double added;
            if (entropy)
            {
                added = RowSweeps.Sum<TV>(u, count, Reference, _scale.SlopeLog2, out float weighted);
                _weighted += weighted;
            }
            else
            {
                added = RowSweeps.Sum<TV>(u, count, Reference, _scale.SlopeLog2);
            }

            if (raised)
            {
                _topSum = added;
            }
            else
            {
                _otherSum += added;
            }
        }
    }

    /// <summary>
    /// Log-prob of a token. Where that token holds most of the mass, the lane that sums its 1 has rounded the small terms
    /// away: its block is summed again without it, so that 1 − p (and the log-prob) keeps its relative precision.
    /// </summary>
    public double Select<TV>(int target)
        where TV : struct, ISimd<TV>
    {
        float value = _scale.Value(_logits + target);
        if (value == Max && Sum < 2)
        {
            int count = Math.Min(Block, _vocab - _topBlock), at = target - _topBlock;
            float* u = _scale.Block<T, TV>(_logits + _topBlock, count, _scratch);
            double rest = RowSweeps.Sum<TV>(u, at, Max, _scale.SlopeLog2)
                + (double)RowSweeps.Sum<TV>(u + at + 1, count - at - 1, Max, _scale.SlopeLog2);
            _topSum = 1 + rest;
        }

        return (((double)value - Max) * _scale.Slope) - LogSum;
    }

    /// <summary>
    /// The gradient with respect to the raw logits; may overwrite them. <paramref name="entropy"/> is only read where
    /// <paramref name="gradEntropy"/> is not 0. Upstream gradients of 0 give zeros.
    /// </summary>
    public readonly void Gradient<TV>(int target, double gradLogprob, double gradEntropy, double entropy, T* grad)
        where TV : struct, ISimd<TV>
    {
        if (gradLogprob == 0 && gradEntropy == 0)
        {
            new Span<T>(grad, _vocab).Clear();
            return;
        }

        double chain = _scale.Chain, sum = Sum;
        double entropyTerm = gradEntropy == 0 ? 0 : gradEntropy * (entropy - LogSum);
        float c0 = (float)(-chain * (gradLogprob + entropyTerm) / sum);
        float c1 = (float)(-chain * gradEntropy * Math.Log(2) / sum);

        // Formed before the sweep, which may overwrite the logits, and in f64: rounded once, to the storage type.
        float selected = Selected(target, gradLogprob, gradEntropy, entropy);
        for (int begin = 0; begin < _vocab; begin += Block)
        {
            int count = Math.Min(Block, _vocab - begin);
            float* u = _scale.Block<T, TV>(_logits + begin, count, _scratch);
            if (_scale.Capped)
            {
                RowSweeps.CappedGradient<T, TV>(u, grad + begin, count, Reference, _scale.SlopeLog2, c0, c1, _scale.InverseCap);
            }
            else if (c1 != 0)
            {
                RowSweeps.Gradient<T, TV>(u, grad + begin, count, Reference, _scale.SlopeLog2, c0, c1);
            }
            else
            {
                RowSweeps.Gradient<T, TV>(u, grad + begin, count, Reference, _scale.SlopeLog2, c0);
            }
        }

        Storage.Write(grad + target, selected);
    }

    private readonly float Selected(int target, double gradLogprob, double gradEntropy, double entropy)
    {
        float value = _scale.Value(_logits + target);
        double z = ((double)value - Max) * _scale.Slope, sum = Sum;
        double p = Math.Exp(z) / sum;
        double complement = z == 0 && sum < 2 ? (sum - 1) / sum : 1 - p;
        double entropyTerm = gradEntropy == 0 || p == 0 ? 0 : gradEntropy * p * (z - LogSum + entropy);
        double capSlope = _scale.Capped ? 1 - Math.Pow(Math.Max(-1, value * _scale.InverseCap), 2) : 1;
        return (float)(_scale.Chain * capSlope * ((gradLogprob * complement) - entropyTerm));
    }
}
