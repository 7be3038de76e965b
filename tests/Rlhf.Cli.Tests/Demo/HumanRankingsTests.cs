using Rlhf.Cli.Demo;
using Rlhf.Preferences;
using Rlhf.Training.Data;

namespace Rlhf.Cli.Tests.Demo;

public sealed class HumanRankingsTests
{
    [Test]
    public async Task Collect_WaitsForThePerson_AndGivesRanksInTheOrderOfTheContinuations()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("rlhf-demo-");
        try
        {
            string path = Path.Combine(folder.FullName, "labels.db");
            (TokenText, TokenText[])[] continuations =
            [
                (Text("We"), [Text("b"), Text("d"), Text("a"), Text("c")]),
                (Text("You"), [Text("d"), Text("c"), Text("b"), Text("a")]),
                (Text("They"), [Text("a"), Text("a"), Text("b"), Text("c")]),
            ];
            using var output = new Terminal();
            var person = new HumanRankings(path, "http://127.0.0.1:0", TextWriter.Synchronized(output));
            using var end = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            Task<IReadOnlyList<Ranking>> rankings = Task.Run(() => person.Collect("demo", continuations, end.Token));
            // Answers that are there before the page is served leave nothing to serve.
            await output.Asked.WaitAsync(end.Token);
            using var store = new PreferenceStore(path);
            await AnswerAsync(store, 2, end.Token);
            IReadOnlyList<Ranking> given = await rankings;
            Assert.That(given.Select(ranking => (ranking.Prompt.Text, string.Join(' ', ranking.Ranks))), Is.EquivalentTo(new[] { ("We", "2 4 1 3"), ("You", "4 3 2 1") }));
            Assert.That(output.ToString(), Does.Contain("2 rankings to give: open http://127.0.0.1:").And.Contain("#invite="));

            IReadOnlyList<Ranking> again = person.Collect("demo", continuations, end.Token);
            Assert.That(again.Select(ranking => string.Join(' ', ranking.Ranks)), Is.EqualTo(given.Select(ranking => string.Join(' ', ranking.Ranks))), "what was given before counts");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public async Task Collect_AsksAnew_WhenTheContinuationsAreOthers_AndUsesNoAnswerToTheOld()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("rlhf-demo-");
        try
        {
            string path = Path.Combine(folder.FullName, "labels.db");
            using var end = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            (TokenText, TokenText[])[] before = [(Text("We"), [Text("b"), Text("d"), Text("a"), Text("c")])];
            (TokenText, TokenText[])[] after = [(Text("You"), [Text("a"), Text("b"), Text("d"), Text("c")])];
            foreach ((TokenText, TokenText[])[] continuations in new[] { before, after })
            {
                using var output = new Terminal();
                var person = new HumanRankings(path, "http://127.0.0.1:0", TextWriter.Synchronized(output));
                Task<IReadOnlyList<Ranking>> rankings = Task.Run(() => person.Collect("demo", continuations, end.Token));
                await Task.WhenAny(output.Asked, rankings).WaitAsync(end.Token);
                Assert.That(rankings.IsCompleted, Is.False, "there is something to rank");
                using (var store = new PreferenceStore(path))
                    await AnswerAsync(store, 1, end.Token);
                Assert.That((await rankings).Select(ranking => ranking.Prompt.Text), Is.EqualTo(continuations.Select(each => each.Item1.Text)));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Ranks by the alphabet, as soon as there is something to rank.</summary>
    private static async Task AnswerAsync(PreferenceStore store, int count, CancellationToken end)
    {
        long labeler = store.InviteLabeler($"Ada {store.GetLabelers().Count}").Labeler.Id;
        while (count > 0)
        {
            end.ThrowIfCancellationRequested();
            if (store.FindRun("demo") is not { } run || store.Claim(labeler, run.Id) is not { } claim)
            {
                await Task.Yield();
                continue;
            }

            store.Answer(claim.Id, labeler, Judgement.Ranking([.. claim.Displayed.Select(text => 1 + "abcd".IndexOf(store.GetText(text).Response, StringComparison.Ordinal))]));
            count--;
        }
    }

    private static TokenText Text(string text) => new(text, []);

    /// <summary>Knows when the link stands on it.</summary>
    private sealed class Terminal : StringWriter
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Asked => _asked.Task;

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.Contains("#invite=", StringComparison.Ordinal) == true)
                _asked.TrySetResult();
        }
    }
}
