using Rlhf.Preferences;

namespace Rlhf.Labeling.Api;

/// <summary>From a query's order of items to the order in which a page shows them: position i shows item order[i].</summary>
internal static class Display
{
    public static Judgement ToPage(Judgement judgement, IReadOnlyList<int> order) => judgement with
    {
        Choice = (judgement.Choice, order[0]) switch
        {
            (Answer.Left, 1) => Answer.Right,
            (Answer.Right, 1) => Answer.Left,
            _ => judgement.Choice,
        },
        Ranks = Reordered(judgement.Ranks, order),
        Quality = Reordered(judgement.Quality, order),
    };

    /// <summary>The other way.</summary>
    public static Judgement ToItems(Judgement judgement, IReadOnlyList<int> order)
    {
        int[] inverse = new int[order.Count];
        for (int position = 0; position < order.Count; position++)
            inverse[order[position]] = position;
        return ToPage(judgement, inverse);
    }

    private static int[]? Reordered(IReadOnlyList<int>? items, IReadOnlyList<int> order) =>
        items?.Count == order.Count ? [.. order.Select(item => items[item])] : items?.ToArray();
}
