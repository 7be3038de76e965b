using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Rlhf.Preferences.Tests;

/// <summary>What this assembly does when tests start it as a process of its own.</summary>
internal static class ChildProgram
{
    private const int Threads = 4, MaxSteps = 10_000;

    // RLIMIT_FSIZE and SIGXFSZ of Linux.
    private const int FileSize = 1, FileSizeExceeded = 25;

    /// <summary>
    /// Starts it: <c>label PATH RUN CHILD</c> labels until it is killed and says what was acknowledged; <c>fill PATH RUN</c> adds 2000 clips while
    /// no file may grow, says what is wrong, and adds them again when files may.
    /// </summary>
    public static Process Start(params string[] arguments) => Process.Start(
        new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", ["exec", typeof(ChildProgram).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
        })!;

    public static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["label", string path, string run, string child]:
                using (PreferenceStore store = new(path))
                {
                    Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, i =>
                        Label(store, long.Parse(run, CultureInfo.InvariantCulture), (int.Parse(child, CultureInfo.InvariantCulture) * Threads) + i));
                }

                return 0;
            case ["fill", string path, string run]:
                Fill(path, long.Parse(run, CultureInfo.InvariantCulture));
                return 0;
            default:
                return 2;
        }
    }

    private static void Fill(string path, long run)
    {
        using PreferenceStore store = new(path);
        Segment[] many = [.. Enumerable.Range(0, 2000).Select(i => Samples.Segment(run, i))];
        _ = GetLimit(FileSize, out Limit before);

        // A write that is refused is an error, and does not end the process.
        using var refused = PosixSignalRegistration.Create((PosixSignal)FileSizeExceeded, context => context.Cancel = true);
        _ = SetLimit(FileSize, before with { Current = 64 * 1024 });
        try
        {
            store.AddSegments(many);
        }
        catch (PreferenceStoreException error)
        {
            Say(error.Message);
        }

        _ = SetLimit(FileSize, before);
        Say($"stored {store.AddSegments(many).Count}");
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

    [DllImport("libc", EntryPoint = "getrlimit")]
    private static extern int GetLimit(int resource, out Limit limit);

    [DllImport("libc", EntryPoint = "setrlimit")]
    private static extern int SetLimit(int resource, in Limit limit);

    private readonly record struct Limit(ulong Current, ulong Most);
}
