using System.Globalization;

namespace Rlhf.Preferences.Tests;

/// <summary>What this assembly does when tests start it as a process of its own: it labels until it is killed, and says what was acknowledged.</summary>
internal static class ChildProgram
{
    private const int Threads = 4, MaxSteps = 10_000;

    public static int Main(string[] arguments)
    {
        if (arguments is not ["label", string path, string run, string child])
            return 2;
        using PreferenceStore store = new(path);
        Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, i =>
            Label(store, long.Parse(run, CultureInfo.InvariantCulture), (int.Parse(child, CultureInfo.InvariantCulture) * Threads) + i));
        return 0;
    }

    private static void Label(PreferenceStore store, long run, int thread)
    {
        long labeler = store.AddOracle($"thread {thread}").Id;
        for (int step = 1; step < MaxSteps; step++)
        {
            if (step % 3 == 0)
            {
                // New clips, whatever the others add.
                int number = 2 * ((thread * MaxSteps) + step);
                IReadOnlyList<long> items = store.AddSegments([Samples.Segment(run, 1000 + number), Samples.Segment(run, 1001 + number)]);
                Say($"query {store.AddQuery(new Query { RunId = run, Items = items })}");
            }

            if (step % 7 == 0 && store.GetHistory(run, labeler, count: 1) is [{ Retracted: false } last])
            {
                store.Undo(labeler, run);
                Say($"undone {last.Id}");
            }

            if (store.Claim(labeler, run) is Claim claim
                && store.Answer(claim.Id, labeler, Judgement.Of(Answer.Tie)) is { Status: AnswerStatus.Accepted } result)
                Say($"label {result.LabelId}");
        }
    }

    private static void Say(string line)
    {
        lock (Console.Out)
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
        }
    }
}
