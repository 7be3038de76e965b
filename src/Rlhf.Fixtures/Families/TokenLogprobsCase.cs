using System.Runtime.InteropServices;
using Rlhf.Fixtures.Comparison;
using Rlhf.Fixtures.Format;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Fixtures.Families;

/// <summary>Log-prob, entropy and their gradients from logits [..., V]. bf16 logits go through the bf16 storage path.</summary>
internal static class TokenLogprobsCase
{
    // Half a unit in the last place of bf16, relative: what storing a gradient in bf16 may cost.
    private const double BFloat16Rounding = 1.0 / 256;

    public static void Run(CaseContext context)
    {
        CaseTensors tensors = context.Tensors;
        CaseArguments arguments = context.Arguments;
        IReadOnlyList<int> shape = tensors.Shape("logits");
        if (shape.Count < 1)
            throw new FixtureException("tensor 'logits' has no dimensions, expected [..., V]");
        int[] leading = [.. shape.Take(shape.Count - 1)];
        int vocab = shape[^1], rows = leading.Aggregate(1, (product, size) => product * size);
        LogitTransform transform = LogitTransforms.Read(arguments);
        arguments.Size("vocab", vocab);
        string dtype = arguments.Has("logits_dtype") ? arguments.Choice("logits_dtype", "float32", "bfloat16", "float16") : string.Empty;
        arguments.RejectUnread();
        string stored = tensors.DType("logits");
        if (dtype.Length > 0 && stored != dtype switch { "bfloat16" => "BF16", "float16" => "F16", _ => "F32" })
            throw new FixtureException($"argument 'logits_dtype' is {dtype}, tensor 'logits' is {stored}");

        float[] logits = tensors.Singles("logits");
        View<int> targets = context.Memory.Copy<int>(tensors.Int32s("index", leading), rows);
        byte[]? mask = tensors.HasInput("mask") ? tensors.Mask("mask", leading) : null;
        float[]? weights = tensors.HasInput("weight") ? tensors.Singles("weight", leading) : null;
        float[]? entropyWeights = tensors.HasInput("entropy_weight") ? tensors.Singles("entropy_weight", leading) : null;

        View<float> wide = context.Memory.Copy<float>(logits, rows, vocab);
        View<float> logprobs = context.Memory.Zeros<float>(rows), entropy = context.Memory.Zeros<float>(rows);
        View<BFloat16> narrow = default;
        if (stored == "BF16")
        {
            narrow = context.Memory.Copy<BFloat16>(MemoryMarshal.Cast<byte, BFloat16>(tensors.Bytes("logits")), rows, vocab);
            Forward<BFloat16>(context, narrow, targets, transform, logprobs, entropy);
        }
        else
        {
            Forward<float>(context, wide, targets, transform, logprobs, entropy);
        }

        var facts = new RowFacts(logits, vocab);
        Tolerance logprobTolerance = context.Tolerances.For("logprob"), entropyTolerance = context.Tolerances.For("entropy");
        context.Check("logprob", Scratch.Span(logprobs), logprobTolerance, facts.Of(1, null));
        context.Check("entropy", Scratch.Span(entropy), entropyTolerance, facts.Of(1, null));
        KernelsFamily.CheckSums(context, "logprob", Scratch.Span(logprobs), logprobTolerance, facts.Of(1, null), "sum_w_logprob", weights, mask);
        KernelsFamily.CheckSums(context, "entropy", Scratch.Span(entropy), entropyTolerance, facts.Of(1, null), "sum_u_entropy", entropyWeights, mask);
        if (weights is not null)
            Gradient("grad_logprob_logits", weights, ofEntropy: false);
        if (entropyWeights is not null)
            Gradient("grad_entropy_logits", entropyWeights, ofEntropy: true);

        void Gradient(string name, float[] upstream, bool ofEntropy)
        {
            View<float> weight = context.Memory.Copy<float>(upstream, rows);
            NoteFacts note = facts.Of(vocab, upstream);
            Tolerance tolerance = context.Tolerances.For("grads");

            // The expected gradient is f32; a gradient in bf16 storage may differ from it by its rounding and no more.
            if (stored == "BF16")
            {
                View<BFloat16> rounded = context.Memory.Zeros<BFloat16>(rows, vocab);
                Backward<BFloat16>(context, narrow, targets, transform, weight, ofEntropy, rounded);
                float[] values = Array.ConvertAll(Scratch.Span(rounded).ToArray(), value => (float)value);
                context.CheckVariant(name, "bf16 storage", values, tolerance with { Relative = tolerance.Relative + BFloat16Rounding }, note);
            }

            View<float> gradient = context.Memory.Zeros<float>(rows, vocab);
            Backward<float>(context, wide, targets, transform, weight, ofEntropy, gradient);
            context.Check(name, Scratch.Span(gradient), tolerance, note);
        }
    }

    private static void Forward<T>(
        CaseContext context, View<T> logits, View<int> targets, LogitTransform transform, View<float> logprobs, View<float> entropy)
        where T : unmanaged => context.Kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<T>
        {
            Logits = logits,
            Targets = targets,
            Transform = transform,
            Logprobs = logprobs,
            Entropy = entropy,
        });

    private static void Backward<T>(
        CaseContext context, View<T> logits, View<int> targets, LogitTransform transform, View<float> upstream, bool ofEntropy, View<T> gradient)
        where T : unmanaged => context.Kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<T>
        {
            Logits = logits,
            Targets = targets,
            Transform = transform,
            GradLogprobs = ofEntropy ? default : upstream,
            GradEntropy = ofEntropy ? upstream : default,
            GradLogits = gradient,
        });

    /// <summary>What the notes on tolerances refer to.</summary>
    private sealed class RowFacts
    {
        private readonly double[] _max;

        public RowFacts(float[] logits, int vocab)
        {
            _max = new double[vocab == 0 ? 0 : logits.Length / vocab];
            for (int i = 0; i < logits.Length; i++)
            {
                double size = float.IsFinite(logits[i]) ? Math.Abs(logits[i]) : 0;
                _max[i / vocab] = Math.Max(_max[i / vocab], size);
            }
        }

        public NoteFacts Of(int rowLength, float[]? weights) => new()
        {
            RowLogitMax = _max,
            RowOf = NoteFacts.RowsOf(rowLength),
            MaxWeight = weights?.Select(weight => (double)Math.Abs(weight)).DefaultIfEmpty(0).Max(),
        };
    }
}
