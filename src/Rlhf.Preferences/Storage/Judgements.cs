namespace Rlhf.Preferences.Storage;

/// <summary>Whether a judgement answers its query, and its order.</summary>
internal static class Judgements
{
    private const int BestQuality = 7;

    public static void Validate(Query query, Judgement judgement)
    {
        // Nobody has to rank or to write: this is an answer to every question.
        if (judgement is { Choice: Answer.CannotTell, Ranks: null, Quality: null, Text: null })
            return;
        bool pair = query.Kind is QueryKind.ClipPair or QueryKind.TextPair or QueryKind.BlindVote;
        Require(pair == judgement.Choice is not null, query, pair ? "a choice" : "no choice");
        Require((query.Kind == QueryKind.Ranking) == judgement.Ranks is not null, query, query.Kind == QueryKind.Ranking ? "ranks" : "no ranks");
        bool written = query.Kind == QueryKind.Demonstration;
        Require(written == !string.IsNullOrWhiteSpace(judgement.Text), query, written ? "a text" : "no text");
        if (judgement.Choice is Answer choice && !Enum.IsDefined(choice))
            throw new ArgumentException($"answer to query {query.Id}: choice {choice}, expected Left, Right, Tie or CannotTell");
        Numbers(query, "ranks", judgement.Ranks, query.Items.Count);
        Numbers(query, "qualities", judgement.Quality, BestQuality);
        if (written && judgement.Quality is not null)
            throw new ArgumentException($"answer to query {query.Id}: qualities, expected none for {query.Kind}");
    }

    /// <summary>From positions on the screen to the query's items.</summary>
    public static Judgement FromDisplay(Judgement judgement, IReadOnlyList<int> order) => judgement with
    {
        Choice = judgement.Choice switch
        {
            Answer.Left when order[0] != 0 => Answer.Right,
            Answer.Right when order[0] != 0 => Answer.Left,
            Answer choice => choice,
            null => null,
        },
        Ranks = Reorder(judgement.Ranks, order),
        Quality = Reorder(judgement.Quality, order),
    };

    private static int[]? Reorder(IReadOnlyList<int>? displayed, IReadOnlyList<int> order)
    {
        if (displayed is null)
            return null;
        int[] items = new int[order.Count];
        for (int position = 0; position < order.Count; position++)
            items[order[position]] = displayed[position];
        return items;
    }

    private static void Numbers(Query query, string what, IReadOnlyList<int>? numbers, int most)
    {
        if (numbers is null)
            return;
        if (numbers.Count != query.Items.Count)
            throw new ArgumentException($"answer to query {query.Id}: {numbers.Count} {what}, expected {query.Items.Count}");
        if (numbers.Any(number => number < 1 || number > most))
            throw new ArgumentException($"answer to query {query.Id}: {what} {string.Join(", ", numbers)}, expected 1 to {most}");
    }

    private static void Require(bool holds, Query query, string expected)
    {
        if (!holds)
            throw new ArgumentException($"answer to query {query.Id}: expected {expected} for {query.Kind}");
    }
}
