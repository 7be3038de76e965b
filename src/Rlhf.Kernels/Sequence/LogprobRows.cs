using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>The row kernel of LinearLogprobs: log-prob, entropy and, where asked, the gradient over the logits.</summary>
internal unsafe struct LogprobRows : IHeadRows, IRangeBody
{
    private View<float> _logits;
    private int* _tokens;

    public LogitScale Scale;
    public ReadOnlyView<int> Targets;
    public View<float> Logprobs, Entropy;
    public bool WithGradient;
    public ReadOnlyView<float> GradLogprobs, GradEntropy;

    public void Visit(SimdRunner runner, View<float> logits, int* tokens)
    {
        _logits = logits;
        _tokens = tokens;
        runner.Run(ref this, logits.Rows, RowGrain.Of(logits.Cols));
    }

    [SkipLocalsInit]
    public readonly void Run<TV>(int begin, int end)
        where TV : struct, ISimd<TV>
    {
        float* scratch = stackalloc float[SoftmaxRow<float>.Block];
        for (int row = begin; row < end; row++)
        {
            int token = _tokens[row], target = Targets[token];
            float gradEntropy = WithGradient && !GradEntropy.IsEmpty ? GradEntropy[token] : 0f;
            var softmax = new SoftmaxRow<float>(_logits.Row(row), _logits.Cols, Scale, scratch);
            softmax.Measure<TV>(entropy: !Entropy.IsEmpty || gradEntropy != 0f);
            Logprobs[token] = (float)softmax.Select<TV>(target);
            if (!Entropy.IsEmpty)
            {
                Entropy[token] = (float)softmax.Entropy;
            }

            if (WithGradient)
            {
                float gradLogprob = GradLogprobs.IsEmpty ? 0f : GradLogprobs[token];
                softmax.Gradient<TV>(target, gradLogprob, gradEntropy, gradEntropy == 0f ? 0 : softmax.Entropy, _logits.Row(row));
            }
        }
    }

    /// <summary>Zeros where the mask leaves a row out.</summary>
    public static void ClearMasked(ReadOnlyView<byte> mask, View<float> logprobs, View<float> entropy)
    {
        for (int row = 0; row < mask.Rows; row++)
        {
            if (mask[row] != 0)
            {
                continue;
            }

            logprobs[row] = 0f;
            if (!entropy.IsEmpty)
            {
                entropy[row] = 0f;
            }
        }
    }
}
