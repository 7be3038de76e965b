using Rlhf.Labeling;
using Rlhf.Preferences;
using Rlhf.Training.Data;

namespace Rlhf.Cli.Demo;

/// <summary>
/// A person in the place of <see cref="LexiconLabeler"/>: stores the continuations as rankings, serves the page, and waits. What was ranked
/// before the demo was stopped counts when it runs again, as the same seed asks the same questions; answers to others, of other settings, do not.
/// </summary>
/// <param name="path">The store.</param>
/// <param name="url">Where the page is served.</param>
/// <param name="output">Where the link and the progress go.</param>
internal sealed class HumanRankings(string path, string url, TextWriter output)
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Rankings of these continuations, once as many have been given as there are questions; "can't tell" is an answer and no ranking.</summary>
    public IReadOnlyList<Ranking> Collect(string run, IReadOnlyList<(TokenText Prompt, TokenText[] Completions)> continuations, CancellationToken cancellation) =>
        CollectAsync(run, continuations, cancellation).GetAwaiter().GetResult();

    private async Task<IReadOnlyList<Ranking>> CollectAsync(string run, IReadOnlyList<(TokenText Prompt, TokenText[] Completions)> continuations, CancellationToken cancellation)
    {
        using var store = new PreferenceStore(path);
        long runId = store.FindRun(run)?.Id ?? store.AddRun(new PreferenceRun
        {
            Name = run,
            Environment = "demo",
            Kind = RunKind.Texts,
            Instructions = "Which continuation of the opening would you rather read? The model is small, so none will be good: decide by what you like, such as a kind tone.",
        });
        var asked = new Dictionary<long, (TokenText Prompt, TokenText[] Completions)>();
        foreach ((TokenText prompt, TokenText[] completions) in continuations)
        {
            IReadOnlyList<long> texts = store.AddTexts([.. completions.Select(completion => new TextSample(0, runId, prompt.Text, completion.Text, "sft"))]);
            // Two that came out alike are one text, and no question.
            if (texts.Distinct().Count() == texts.Count)
                asked[store.AddQuery(new Query { RunId = runId, Kind = QueryKind.Ranking, Items = texts })] = (prompt, completions);
        }

        Label[] Answers() => [.. store.GetLabels(runId).Where(label => asked.ContainsKey(label.Query.Id))];
        int Given() => Answers().DistinctBy(label => label.Query.Id).Count();
        if (Given() < asked.Count)
            await ServeAsync(store, run, Given, asked.Count, cancellation).ConfigureAwait(false);
        return
        [
            .. Answers().Where(label => label.Judgement.Ranks is not null)
                .Select(label => new Ranking(asked[label.Query.Id].Prompt, asked[label.Query.Id].Completions, [.. InAskedOrder(store, label, asked[label.Query.Id].Completions)])),
        ];
    }

    private async Task ServeAsync(PreferenceStore store, string run, Func<int> count, int wanted, CancellationToken cancellation)
    {
        await using LabelingServer server = await LabelingServer.StartAsync(
            store, new LabelingOptions { Url = url, Run = run, Log = line => output.WriteLine($"label: {line}") }, cancellation).ConfigureAwait(false);
        output.WriteLine($"{wanted} rankings to give: open {server.LinkFor(store.InviteLabeler($"you {store.GetLabelers().Count + 1}"))}");
        await output.FlushAsync(cancellation).ConfigureAwait(false);
        for (int told = -1, given; (given = count()) < wanted; told = given)
        {
            if (given != told && given % 10 == 0)
                output.WriteLine($"{given} of {wanted} rankings");
            await Task.Delay(Look, cancellation).ConfigureAwait(false);
        }

        output.WriteLine($"{wanted} rankings are there; the page closes and the demo goes on");
    }

    // The store may know the query from another run of the demo with its items in another order.
    private static IEnumerable<int> InAskedOrder(PreferenceStore store, Label label, TokenText[] completions)
    {
        Dictionary<string, int> ranks = label.Query.Items.Zip(label.Judgement.Ranks!).ToDictionary(each => store.GetText(each.First).Response, each => each.Second);
        return completions.Select(completion => ranks[completion.Text]);
    }
}
