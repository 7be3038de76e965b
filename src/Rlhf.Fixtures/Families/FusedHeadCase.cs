using System.Runtime.InteropServices;
using Rlhf.Fixtures.Comparison;
using Rlhf.Fixtures.Format;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Fixtures.Families;

/// <summary>
/// Log-prob, entropy and the gradients of Σ weight · logprob from hidden states [..., H] and a head [V, H]. The reference's
/// chunk_size is taken as the rows of logits that the workspace may hold.
/// </summary>
internal static class FusedHeadCase
{
    public static void Run(CaseContext context)
    {
        CaseTensors tensors = context.Tensors;
        IReadOnlyList<int> shape = tensors.Shape("hidden");
        if (shape.Count < 1)
            throw new FixtureException("tensor 'hidden' has no dimensions, expected [..., H]");
        int[] leading = [.. shape.Take(shape.Count - 1)];
        int hiddenSize = shape[^1], vocab = tensors.Shape("lm_head_weight", 2)[0];
        LogitTransform transform = LogitTransforms.Read(context.Arguments);
        context.Arguments.Size("vocab", vocab);
        context.Arguments.Size("hidden_size", hiddenSize);
        int chunkRows = context.Arguments.OptionalInteger("chunk_size") ?? 1;
        context.Arguments.RejectUnread();

        var inputs = new Inputs(leading, hiddenSize, vocab, transform, Math.Max(1, chunkRows));
        if (tensors.DType("hidden") == "BF16" && tensors.DType("lm_head_weight") == "BF16")
            Run(context, inputs, name => MemoryMarshal.Cast<byte, BFloat16>(tensors.Bytes(name)).ToArray());
        else
            Run(context, inputs, name => tensors.Singles(name));
    }

    private static void Run<T>(CaseContext context, Inputs inputs, Func<string, T[]> read)
        where T : unmanaged
    {
        CaseTensors tensors = context.Tensors;
        Scratch memory = context.Memory;
        int rows = inputs.Leading.Aggregate(1, (product, size) => product * size), width = inputs.HiddenSize, vocab = inputs.Vocab;
        T[] weights = read("lm_head_weight");
        if (weights.Length != vocab * width)
            throw new FixtureException($"tensor 'lm_head_weight' has shape [{string.Join(", ", tensors.Shape("lm_head_weight"))}], expected [{vocab}, {width}]");
        bool hasBias = tensors.HasInput("lm_head_bias");
        var head = new LinearHead<T>
        {
            Hidden = memory.Copy<T>(read("hidden"), rows, width),
            Weight = memory.Copy<T>(weights, vocab, width),
            Bias = hasBias ? memory.Copy<float>(tensors.Singles("lm_head_bias", vocab), vocab) : default,
            Targets = memory.Copy<int>(tensors.Int32s("index", inputs.Leading), rows),
            Transform = inputs.Transform,
        };
        byte[]? mask = tensors.HasInput("mask") ? tensors.Mask("mask", inputs.Leading) : null;
        float[]? upstream = tensors.HasInput("weight") ? tensors.Singles("weight", inputs.Leading) : null;

        long least = LinearLogprobsWorkspace.Minimum(vocab, width, typeof(T) != typeof(float));
        long wanted = Math.Min(least + ((inputs.ChunkRows - 1L) * vocab * sizeof(float)), LinearLogprobsWorkspace.DefaultBytes);
        View<byte> workspace = memory.Zeros<byte>(1, checked((int)Math.Max(least, wanted)));
        View<float> logprobs = memory.Zeros<float>(rows), entropy = memory.Zeros<float>(rows);
        context.Kernels.LinearLogprobsForward(new LinearLogprobsForwardArgs<T>
        {
            Head = head,
            Logprobs = logprobs,
            Entropy = entropy,
            Workspace = workspace,
        });
        Check();
        if (upstream is null)
            return;

        var gradients = new LinearHeadGradients
        {
            Hidden = memory.Zeros<float>(rows, width),
            Weight = memory.Zeros<float>(vocab, width),
            Bias = hasBias ? memory.Zeros<float>(vocab) : default,
        };
        context.Kernels.LinearLogprobsBackward(new LinearLogprobsBackwardArgs<T>
        {
            Head = head,
            GradLogprobs = memory.Copy<float>(upstream, rows),
            Logprobs = logprobs,
            Entropy = entropy,
            Gradients = gradients,
            Workspace = workspace,
        });
        Check();
        Tolerance tolerance = context.Tolerances.For("grads");
        var facts = new NoteFacts { MaxWeight = upstream.Select(weight => (double)Math.Abs(weight)).DefaultIfEmpty(0).Max() };
        context.Check("grad_hidden", Scratch.Span(gradients.Hidden), tolerance, facts);
        context.Check("grad_lm_head_weight", Scratch.Span(gradients.Weight), tolerance, facts);
        if (hasBias)
            context.Check("grad_lm_head_bias", Scratch.Span(gradients.Bias), tolerance, facts);

        // Forward and backward both return log-prob and entropy; both must be right.
        void Check()
        {
            Tolerance ofLogprob = context.Tolerances.For("logprob"), ofEntropy = context.Tolerances.For("entropy");
            context.Check("logprob", Scratch.Span(logprobs), ofLogprob);
            context.Check("entropy", Scratch.Span(entropy), ofEntropy);
            KernelsFamily.CheckSums(context, "logprob", Scratch.Span(logprobs), ofLogprob, NoteFacts.None, "sum_w_logprob", upstream, mask);
            KernelsFamily.CheckSums(context, "entropy", Scratch.Span(entropy), ofEntropy, NoteFacts.None, null, null, mask);
        }
    }

    private sealed record Inputs(int[] Leading, int HiddenSize, int Vocab, LogitTransform Transform, int ChunkRows);
}
