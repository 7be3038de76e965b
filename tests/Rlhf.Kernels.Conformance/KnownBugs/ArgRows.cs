using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>A call's arguments for some of its rows, for twins that go through the rows wrongly.</summary>
internal static class ArgRows
{
    public static TokenLogprobsForwardArgs<T> Rows<T>(this in TokenLogprobsForwardArgs<T> args, int start, int count)
        where T : unmanaged => args with
        {
            Logits = args.Logits.SliceRows(start, count),
            Targets = args.Targets.SliceRows(start, count),
            Mask = Slice(args.Mask, start, count),
            Logprobs = args.Logprobs.SliceRows(start, count),
            Entropy = Slice(args.Entropy, start, count),
            RowMax = Slice(args.RowMax, start, count),
            RowLogSum = Slice(args.RowLogSum, start, count),
        };

    public static TokenLogprobsBackwardArgs<T> Rows<T>(this in TokenLogprobsBackwardArgs<T> args, int start, int count)
        where T : unmanaged => args with
        {
            Logits = args.Logits.SliceRows(start, count),
            Targets = args.Targets.SliceRows(start, count),
            Mask = Slice(args.Mask, start, count),
            GradLogprobs = Slice(args.GradLogprobs, start, count),
            GradEntropy = Slice(args.GradEntropy, start, count),
            RowMax = Slice(args.RowMax, start, count),
            RowLogSum = Slice(args.RowLogSum, start, count),
            Entropy = Slice(args.Entropy, start, count),
            GradLogits = args.GradLogits.SliceRows(start, count),
        };

    public static PpoFromLogitsArgs<T> Rows<T>(this in PpoFromLogitsArgs<T> args, int start, int count)
        where T : unmanaged => args with
        {
            Logits = args.Logits.SliceRows(start, count),
            Targets = args.Targets.SliceRows(start, count),
            OldLogprobs = args.OldLogprobs.SliceRows(start, count),
            Advantages = args.Advantages.SliceRows(start, count),
            Mask = Slice(args.Mask, start, count),
            Weights = Slice(args.Weights, start, count),
            Logprobs = args.Logprobs.SliceRows(start, count),
            Entropy = Slice(args.Entropy, start, count),
            GradLogits = args.GradLogits.SliceRows(start, count),
        };

    public static LinearLogprobsBackwardArgs<T> Rows<T>(this in LinearLogprobsBackwardArgs<T> args, int start, int count)
        where T : unmanaged => args with
        {
            Head = args.Head with
            {
                Hidden = args.Head.Hidden.SliceRows(start, count),
                Targets = args.Head.Targets.SliceRows(start, count),
                Mask = Slice(args.Head.Mask, start, count),
            },
            GradLogprobs = Slice(args.GradLogprobs, start, count),
            GradEntropy = Slice(args.GradEntropy, start, count),
            Logprobs = args.Logprobs.SliceRows(start, count),
            Entropy = Slice(args.Entropy, start, count),
            Gradients = args.Gradients with { Hidden = Slice(args.Gradients.Hidden, start, count) },
        };

    private static ReadOnlyView<T> Slice<T>(ReadOnlyView<T> view, int start, int count)
        where T : unmanaged => view.IsEmpty ? view : view.SliceRows(start, count);

    private static View<T> Slice<T>(View<T> view, int start, int count)
        where T : unmanaged => view.IsEmpty ? view : view.SliceRows(start, count);
}
