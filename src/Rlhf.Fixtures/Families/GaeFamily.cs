using System.Text.Json;
using Rlhf.Fixtures.Comparison;
using Rlhf.Fixtures.Format;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Fixtures.Families;

/// <summary>
/// Family gae: advantages and returns over a grid of γ and λ, for [B, T] and [T, B]. With a mask: verl's recurrence (masked
/// steps skipped, then whitened) and OpenRLHF's (masked values and rewards are zero).
/// </summary>
internal static class GaeFamily
{
    public static void Run(CaseContext context)
    {
        CaseTensors tensors = context.Tensors;
        IReadOnlyList<int> shape = tensors.Shape("rewards", 2);
        bool timeMajor = context.Arguments.Choice("layout", "[B,T]", "[T,B]") == "[T,B]";
        (double Gamma, double Lambda)[] grid = ReadGrid(context.Arguments);
        context.Arguments.Remarks("how");
        context.Arguments.RejectUnread();

        int rows = shape[0], cols = shape[1];
        View<float> rewards = context.Memory.Copy<float>(tensors.Singles("rewards"), rows, cols);
        View<float> values = context.Memory.Copy<float>(tensors.Singles("values", rows, cols), rows, cols);
        byte[]? mask = tensors.HasInput("mask") ? tensors.Mask("mask", rows, cols) : null;
        View<byte> dones = ReadDones(context, rows, cols, timeMajor);
        int batch = timeMajor ? cols : rows;
        View<float> last = tensors.HasInput("last_value") ? context.Memory.Copy<float>(tensors.Singles("last_value", batch), batch) : default;
        View<byte> counted = mask is null ? default : context.Memory.Copy<byte>(mask, rows, cols);

        Tolerance tolerance = context.Tolerances.For("gae");
        var facts = new NoteFacts { RowOf = timeMajor ? index => index % cols : NoteFacts.RowsOf(cols) };
        bool[]? where = mask is null ? null : Array.ConvertAll(mask, value => value != 0);
        View<float> advantages = context.Memory.Zeros<float>(rows, cols), returns = context.Memory.Zeros<float>(rows, cols);
        for (int i = 0; i < grid.Length; i++)
        {
            if (mask is null)
            {
                Gae(GaeMaskMode.None, grid[i]);
                context.Check($"adv_{i}", Scratch.Span(advantages), tolerance, facts);
                context.Check($"ret_{i}", Scratch.Span(returns), tolerance, facts);
                continue;
            }

            Gae(GaeMaskMode.Zero, grid[i]);
            context.Check($"oadv_{i}", Scratch.Span(advantages), tolerance, facts);
            context.Check($"oret_{i}", Scratch.Span(returns), tolerance, facts);

            // verl defines its results only where the mask counts.
            Gae(GaeMaskMode.Skip, grid[i]);
            context.Check($"vraw_{i}", Scratch.Span(advantages), tolerance, facts, where);
            context.Check($"vret_{i}", Scratch.Span(returns), tolerance, facts, where);
            context.Kernels.Whiten(new WhitenArgs { Values = advantages, Mask = counted, Unbiased = true, ShiftMean = true, Whitened = advantages });
            context.Check($"vadv_{i}", Scratch.Span(advantages), tolerance, facts, where);
        }

        void Gae(GaeMaskMode mode, (double Gamma, double Lambda) setting) => context.Kernels.Gae(new GaeArgs
        {
            Rewards = rewards,
            Values = values,
            Time = timeMajor ? TimeAxis.Rows : TimeAxis.Cols,
            MaskMode = mode,
            Mask = counted,
            Dones = dones,
            LastValues = last,
            Gamma = (float)setting.Gamma,
            Lambda = (float)setting.Lambda,
            Advantages = advantages,
            Returns = returns,
        });
    }

    /// <summary>
    /// The fixture's dones[t] says that the observation at t begins an episode, so step t − 1 ended one, and next_done stands for
    /// the step after the last. Ours says it of the step that ended.
    /// </summary>
    private static View<byte> ReadDones(CaseContext context, int rows, int cols, bool timeMajor)
    {
        if (!context.Tensors.HasInput("dones"))
            return default;
        int batch = timeMajor ? cols : rows, time = timeMajor ? rows : cols;
        byte[] starts = context.Tensors.Mask("dones", rows, cols), next = context.Tensors.Mask("next_done", batch);
        View<byte> ends = context.Memory.Zeros<byte>(rows, cols);
        for (int b = 0; b < batch; b++)
        {
            for (int t = 0; t < time; t++)
            {
                byte end = t + 1 == time ? next[b] : starts[timeMajor ? ((t + 1) * cols) + b : (b * cols) + t + 1];
                ends[timeMajor ? t : b, timeMajor ? b : t] = end;
            }
        }

        return ends;
    }

    private static (double Gamma, double Lambda)[] ReadGrid(CaseArguments arguments) =>
    [
        .. arguments.Structure("grid", JsonValueKind.Array).EnumerateArray().Select(point =>
        {
            CaseJson.Require(point, "arguments.grid", JsonValueKind.Object);
            if (point.EnumerateObject().Select(member => member.Name).FirstOrDefault(name => name is not ("gamma" or "lambda")) is { } unknown)
                throw new FixtureException($"argument 'grid.{unknown}' is not understood");
            return (
                CaseJson.Number(CaseJson.Member(point, "gamma", JsonValueKind.Number), "arguments.grid.gamma"),
                CaseJson.Number(CaseJson.Member(point, "lambda", JsonValueKind.Number), "arguments.grid.lambda"));
        }),
    ];
}
