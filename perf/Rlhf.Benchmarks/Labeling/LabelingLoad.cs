using System.Diagnostics;
using Rlhf.Labeling;
using Rlhf.Preferences;

namespace Rlhf.Benchmarks.Labeling;

/// <summary>Fills a store, lets labelers loose on it, and compares what they were promised with what is there.</summary>
internal sealed class LabelingLoad(string path, int labelers, TimeSpan duration, int comparisons, TimeSpan think)
{
    private const int Segments = 2000, ClipSteps = 60, PoseLength = 24, FillBatch = 1000, FillLabelers = 16, FillClaims = 32;

    public async Task<bool> RunAsync(TextWriter output, CancellationToken cancellation)
    {
        using var store = new PreferenceStore(path);
        long run = store.AddRun(new PreferenceRun { Name = "load", Environment = "hopper", Instructions = "Faster is better.", Scene = Scene, FramesPerSecond = 40 });
        long[] segments = [.. store.AddSegments([.. Enumerable.Range(0, Segments).Select(i => Segment(run, i))])];
        var clock = Stopwatch.StartNew();
        AddQueries(store, run, segments, 0, comparisons);
        await AnswerAllAsync(store, run).ConfigureAwait(false);
        int open = (int)(labelers * ((duration / think * 1.5) + 10));
        AddQueries(store, run, segments, comparisons, open);
        output.WriteLine($"{comparisons} answered comparisons and {open} open ones made in {clock.Elapsed.TotalSeconds:F0} s; {new FileInfo(path).Length / 1e6:F0} MB");

        await using LabelingServer server = await LabelingServer.StartAsync(
            store, new LabelingOptions { Url = "http://127.0.0.1:0", SignIns = (labelers + 1, labelers + 1), Log = output.WriteLine }, cancellation).ConfigureAwait(false);
        SimulatedLabeler[] people =
        [
            .. Enumerable.Range(0, labelers).Select(i => new SimulatedLabeler(server.Address, store.InviteLabeler($"labeler {i}"), new Random(i), think)),
        ];
        long last = store.GetComparisons(run, 0).Through;
        clock.Restart();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        end.CancelAfter(duration);
        await Task.WhenAll(people.Select(person => person.LabelAsync(end.Token))).ConfigureAwait(false);
        double seconds = clock.Elapsed.TotalSeconds;
        bool sound = Check(store.GetLabels(run, last), people, output);
        output.WriteLine($"{labelers} labelers, {seconds:F0} s, {people.Sum(person => person.Acknowledged.Count) / seconds:F1} answers/s, {people.Sum(person => person.Repeated)} of them sent twice");
        Report(output, "next pair (claim and both clips)", people.SelectMany(person => person.NextPair));
        Report(output, "claim", people.SelectMany(person => person.Claims));
        Report(output, "answer, on the disk", people.SelectMany(person => person.Answers));
        foreach (SimulatedLabeler person in people)
            person.Dispose();
        return sound;
    }

    /// <summary>Every acknowledged answer is there once, as given; and nothing else is.</summary>
    private static bool Check(IReadOnlyList<Label> stored, SimulatedLabeler[] people, TextWriter output)
    {
        ILookup<long, Label> byQuery = stored.ToLookup(label => label.Query.Id);
        int lost = 0, wrong = 0;
        foreach (SimulatedLabeler person in people)
        {
            foreach ((long query, long preferred) in person.Acknowledged)
            {
                Label? label = byQuery[query].FirstOrDefault(each => each.LabelerId == person.Id);
                if (label is null)
                    lost++;
                else if (label.Query.Items[label.Judgement.Choice == Answer.Left ? 0 : 1] != preferred)
                    wrong++;
            }
        }

        // An answer may have been stored whose acknowledgement the end of the run cut off.
        int doubled = byQuery.Count(group => group.Count() > 1), unheard = stored.Count - people.Sum(person => person.Acknowledged.Count);
        int failures = people.Sum(person => person.Failures);
        output.WriteLine($"lost {lost}, doubled {doubled}, changed {wrong}, failed requests {failures}, cut off at the end {unheard}");
        return lost == 0 && doubled == 0 && wrong == 0 && failures == 0 && unheard <= people.Length;
    }

    private static void Report(TextWriter output, string what, IEnumerable<double> seconds)
    {
        double[] sorted = [.. seconds.Order()];
        if (sorted.Length > 0)
            output.WriteLine($"{what,-34} p50 {Percentile(0.5):F1} ms  p99 {Percentile(0.99):F1} ms  max {1000 * sorted[^1]:F1} ms  ({sorted.Length})");

        double Percentile(double p) => 1000 * sorted[Math.Min(sorted.Length - 1, (int)(p * sorted.Length))];
    }

    private static void AddQueries(PreferenceStore store, long run, long[] segments, int first, int count)
    {
        // Pair number n joins two segments at a distance that grows, so that no two pairs are alike.
        for (int done = 0; done < count; done += FillBatch)
        {
            store.AddQueries([.. Enumerable.Range(first + done, Math.Min(FillBatch, count - done)).Select(n => new Query
            {
                RunId = run,
                Items = [segments[n % Segments], segments[(n + 1 + (n / Segments)) % Segments]],
                Predicted = 0.75,
            })]);
        }
    }

    private static Task AnswerAllAsync(PreferenceStore store, long run) => Task.WhenAll(Enumerable.Range(0, FillLabelers).Select(async i =>
    {
        long labeler = store.InviteLabeler($"before {i}").Labeler.Id;
        while (await store.ClaimAsync(labeler, run, FillClaims).ConfigureAwait(false) is { Count: > 0 } claims)
            await Task.WhenAll(claims.Select(claim => store.AnswerAsync(claim.Id, labeler, Judgement.Of(Answer.Left)))).ConfigureAwait(false);
    }));

    private static Segment Segment(long run, int number) => new()
    {
        RunId = run,
        Step = number,
        Length = ClipSteps,
        ObservationShape = [11],
        Observations = [.. Enumerable.Range(0, ClipSteps * 11).Select(i => number + (i * 0.001f))],
        Actions = new float[ClipSteps * 3],
        States = new double[ClipSteps * 12],
        Poses = [.. Enumerable.Range(0, ClipSteps * PoseLength).Select(i => MathF.Sin(i + number))],
    };

    private const string Scene =
        """
        {"version":1,"camera":{"right":[1,0,0],"up":[0,0,1],"depth":[0,1,0],"center":[0,0,1],"height":3},"ground":{"kind":"line","at":0,"spacing":1},
        "shapes":[{"name":"a","radius":0.1,"color":"#336699"},{"name":"b","radius":0.1,"color":"#336699"},{"name":"c","radius":0.1,"color":"#336699"},{"name":"d","radius":0.1,"color":"#336699"}]}
        """;
}
