using Rlhf.Preferences;

namespace Rlhf.Cli.Tests.Verbs.Prefs;

/// <summary><c>rlhf prefs export</c> and <c>rlhf prefs import</c>.</summary>
public sealed class ExchangeTests
{
    private const string Pairs =
        """
        {"prompt":"the","chosen":" cat sat","rejected":" dog"}
        {"prompt":"the cat","chosen":" sat on the mat","rejected":" mat"}

        """;

    private const string Rankings = """{"prompt":"the","completions":[" cat sat"," dog"," mat and"," on"],"ranks":[1,2,2,4],"quality":[7,4,4,1]}""" + "\n";

    private Workshop _workshop = null!;

    [SetUp]
    public void SetUp() => _workshop = new Workshop();

    [TearDown]
    public void TearDown() => _workshop.Dispose();

    private string Database => _workshop.Combine("labels.db");

    [Test]
    public async Task Clips_GoIntoANewStore_WithTheSameLabels()
    {
        Answer[] answers = [Answer.Left, Answer.Tie, Answer.CannotTell, Answer.Right];
        AddClips("hop", answers);
        Assert.That(
            await _workshop.InvokeAsync("prefs export --db {labels.db} --output {out.jsonl}"),
            Is.EqualTo((0, $"{_workshop.Combine("out.jsonl")}: clips of run 'hop', 4 written\n", "")));
        Assert.That(
            await _workshop.InvokeAsync("prefs import --db {other.db} --input {out.jsonl} --name copy"),
            Is.EqualTo((0, $"{_workshop.Combine("other.db")}: clips of {_workshop.Combine("out.jsonl")} into new run 'copy', 4 taken\n", "")));
        using PreferenceStore before = new(Database), after = new(_workshop.Combine("other.db"));
        Assert.That(Seen(after, "copy"), Is.EqualTo(Seen(before, "hop")));
        Assert.That(Seen(after, "copy").Select(label => label.Item1), Is.EqualTo(answers));
        Assert.That(after.GetLabelers().Select(labeler => (labeler.Name, labeler.Kind)), Is.EqualTo(new[] { ("oracle", LabelerKind.Oracle) }));
    }

    [TestCase(Pairs, "preferences")]
    [TestCase(Rankings, "rankings")]
    public async Task Texts_ComeBackAsTheyWere_AndTrainARewardModel(string lines, string kind)
    {
        await File.WriteAllTextAsync(_workshop.Combine("in.jsonl"), lines);
        (int code, string output, string error) = await _workshop.InvokeAsync("prefs import --db {labels.db} --input {in.jsonl} --labeler Ada");
        int count = lines.AsSpan().Count('\n');
        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(output, Is.EqualTo($"{Database}: {kind} of {_workshop.Combine("in.jsonl")} into new run 'in', {count} taken\n"));

        (_, string again, _) = await _workshop.InvokeAsync("prefs import --db {labels.db} --input {in.jsonl} --labeler Ada");
        Assert.That(again, Does.EndWith($"into run 'in', 0 taken, {count} left out (answered already)\n"));

        Assert.That((await _workshop.InvokeAsync("prefs export --db {labels.db} --output {out.jsonl}")).Error, Is.Empty);
        Assert.That(await File.ReadAllTextAsync(_workshop.Combine("out.jsonl")), Is.EqualTo(lines));
        (code, _, error) = await _workshop.InvokeAsync("reward --model {base} --dataset {out.jsonl} --output_dir {run} --max_steps 1");
        Assert.That((code, error), Is.EqualTo((0, "")));
    }

    [Test]
    public async Task ASecondLabelersAnswers_AreKeptBesideTheFirst()
    {
        const string Reversed =
            """
            {"prompt":"the","chosen":" dog","rejected":" cat sat"}

            """;
        await File.WriteAllTextAsync(_workshop.Combine("ada.jsonl"), Pairs);
        await File.WriteAllTextAsync(_workshop.Combine("grace.jsonl"), Reversed);
        await _workshop.InvokeAsync("prefs import --db {labels.db} --input {ada.jsonl} --labeler Ada");
        (_, string output, _) = await _workshop.InvokeAsync("prefs import --db {labels.db} --input {grace.jsonl} --labeler Grace");
        Assert.That(output, Does.EndWith("into run 'ada', 1 taken\n"));
        await _workshop.InvokeAsync("prefs export --db {labels.db} --output {out.jsonl}");
        Assert.That(await File.ReadAllTextAsync(_workshop.Combine("out.jsonl")), Is.EqualTo(Pairs + Reversed));
        using var store = new PreferenceStore(Database);
        LabelProgress progress = store.GetProgress(store.FindRun("ada")!.Id);
        Assert.That((progress.Queries, progress.Waiting, progress.Answered), Is.EqualTo((2, 0, 3)));
    }

    [Test]
    public async Task ImportedLabeler_HasNoLink()
    {
        await File.WriteAllTextAsync(_workshop.Combine("in.jsonl"), Pairs);
        await _workshop.InvokeAsync("prefs import --db {labels.db} --input {in.jsonl} --labeler Ada");
        Assert.That((await _workshop.InvokeAsync("label --db {labels.db} --list")).Output, Does.Contain("labeler Ada: imported, no link\n"));
    }

    [Test]
    public async Task Demonstrations_ComeBackAsTheyWere()
    {
        const string Lines = """{"prompt":"the cat","completion":" sat"}""" + "\n";
        await File.WriteAllTextAsync(_workshop.Combine("in.jsonl"), Lines);
        await _workshop.InvokeAsync("prefs import --db {labels.db} --input {in.jsonl}");
        await _workshop.InvokeAsync("prefs export --db {labels.db} --kind demonstrations --output {out.jsonl}");
        Assert.That(await File.ReadAllTextAsync(_workshop.Combine("out.jsonl")), Is.EqualTo(Lines));
    }

    [Test]
    public async Task Questions_WaitForLabelers_OfANewStore()
    {
        _workshop.Lines("ask.jsonl", """{"prompt":"write"}""", """{"prompt":"pair","completions":["a","b"]}""");
        (int code, string output, string error) = await _workshop.InvokeAsync("prefs import --db {labels.db} --input {ask.jsonl} --instructions Short! --name mine");
        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(output, Does.EndWith("questions of " + _workshop.Combine("ask.jsonl") + " into new run 'mine', 2 asked\n"));
        (_, string again, _) = await _workshop.InvokeAsync("prefs import --db {labels.db} --input {ask.jsonl}");
        Assert.That(again, Does.EndWith("into run 'mine', 0 asked, 2 left out (asked already)\n"));
        using var store = new PreferenceStore(Database);
        PreferenceRun run = store.GetRuns().Single();
        Assert.That((run.Kind, run.Instructions, store.GetProgress(run.Id).Waiting), Is.EqualTo((RunKind.Texts, "Short!", 2)));
    }

    [Test]
    public async Task Export_CountsWhatTheFormatHasNoPlaceFor()
    {
        AddPairs("talk", [Answer.Left, Answer.Tie, Answer.CannotTell]);
        (_, string output, _) = await _workshop.InvokeAsync("prefs export --db {labels.db} --output {out.jsonl}");
        Assert.That(output, Does.EndWith("preferences of run 'talk', 1 written, 2 left out (ties and \"can't tell\")\n"));
    }

    [Test]
    public async Task Export_AsksForTheKind_OfARunWithTwo()
    {
        AddPairs("talk", [Answer.Left]);
        await File.WriteAllTextAsync(_workshop.Combine("in.jsonl"), Rankings);
        await _workshop.InvokeAsync("prefs import --db {labels.db} --input {in.jsonl}");
        (int code, _, string error) = await _workshop.InvokeAsync("prefs export --db {labels.db} --output {out.jsonl}");
        Assert.That((code, error), Is.EqualTo((1, $"rlhf: {Database}: run 'talk' has preferences (1), rankings (1), expected --kind of one of them\n")));
        Assert.That((await _workshop.InvokeAsync("prefs export --db {labels.db} --output {out.jsonl} --kind rankings")).Code, Is.Zero);
        Assert.That(await File.ReadAllTextAsync(_workshop.Combine("out.jsonl")), Is.EqualTo(Rankings));
    }

    [TestCase("export --db {none.db} --output {out}", "{none.db}: missing, expected a store of preferences")]
    [TestCase("export --db {labels.db} --output {out}", "{labels.db}: 3 runs, expected --name of one of: hop, talk, chat")]
    [TestCase("export --db {labels.db} --output {out} --name skip", "{labels.db}: no run 'skip', expected --name of one of: hop, talk, chat")]
    [TestCase("export --db {labels.db} --output {out} --name hop --kind rankings", "{labels.db}: run 'hop' has clips (1) and no rankings")]
    [TestCase("export --db {labels.db} --output {out} --name chat", "{labels.db}: run 'chat' has no answers to write yet")]
    [TestCase("export --db {labels.db} --output {no/out} --name hop", "{no/out}: cannot be written: ")]
    [TestCase("export --db {pairs.jsonl} --output {out}", "{pairs.jsonl}: is not a database, expected a store of preferences")]
    [TestCase("import --db {labels.db} --input {pairs.jsonl}", "{labels.db}: 2 runs of texts, expected --name of one of: talk, chat, or a new one")]
    [TestCase("import --db {labels.db} --input {pairs.jsonl} --name hop", "{labels.db}: run 'hop' compares clips of hopper, expected --name of a run of texts or of a new one")]
    [TestCase("import --db {labels.db} --input {pairs.jsonl} --name chat --instructions x", "--instructions: run 'chat' of {labels.db} has its own, expected none or --name of a new run")]
    [TestCase("import --db {labels.db} --input {pairs.jsonl} --kind questions --labeler Ada", "--labeler Ada: {pairs.jsonl} is taken as questions, expected preferences, rankings or demonstrations")]
    [TestCase("import --db {labels.db} --input {pairs.jsonl} --kind clips", "{pairs.jsonl}: line 1: field 'type': missing, the line has 'prompt', 'chosen', 'rejected'")]
    [TestCase("import --db {new.db} --input {none.jsonl}", "{none.jsonl}: no such file")]
    [TestCase("import --db {new.db} --input {other.jsonl}", "{other.jsonl}: line 1: none of the fields 'chosen', 'ranks', 'completion', 'prompt', 'type', expected labels or questions")]
    [TestCase("import --db {new.db} --input {broken.jsonl}", "{broken.jsonl}: line 2: field 'rejected': a number, expected a string")]
    [TestCase("import --db {new.db} --input {alike.jsonl}", "{alike.jsonl}: line 1: query: items 1,1 repeat one")]
    public async Task BadInput_IsOneLine_AndChangesNothing(string line, string expected)
    {
        AddClips("hop", [Answer.Left]);
        AddPairs("talk", [Answer.Left]);
        AddPairs("chat", []);
        _workshop.Lines("other.jsonl", """{"text":"the"}""");
        _workshop.Lines("broken.jsonl", """{"prompt":"p","chosen":"a","rejected":"b"}""", """{"prompt":"p","chosen":"a","rejected":7}""");
        _workshop.Lines("alike.jsonl", """{"prompt":"p","chosen":"a","rejected":"a"}""");
        (int code, string output, string error) = await _workshop.InvokeAsync($"prefs {line}");
        Assert.That((code, output), Is.EqualTo((1, "")));
        Assert.That(error, Does.StartWith($"rlhf: {string.Concat(expected.Split('{', '}').Select((part, i) => i % 2 == 0 ? part : _workshop.Combine(part)))}"));
        Assert.That(error.TrimEnd(), Does.Not.Contain('\n'));
        Assert.That(File.Exists(_workshop.Combine("out")), Is.False);
        Assert.That(Directory.EnumerateFiles(Path.GetDirectoryName(Database)!, "new.db*"), Is.Empty);
        using var store = new PreferenceStore(Database);
        Assert.That(store.GetRuns().Select(run => run.Name), Is.EqualTo((string[])["hop", "talk", "chat"]));
    }

    [TestCase("export --db {labels.db} --output {out} --kind questions", "questions")]
    [TestCase("import --db {labels.db}", "--input")]
    public async Task WrongCommandLine_IsNamed(string line, string expected)
    {
        (int code, _, string error) = await _workshop.InvokeAsync($"prefs {line}");
        Assert.That(code, Is.EqualTo(2));
        Assert.That(error.TrimEnd(), Does.Contain(expected).And.Not.Contain("\n"));
    }

    private static IEnumerable<(Answer?, float, float, double?)> Seen(PreferenceStore store, string run) =>
        store.GetLabels(store.FindRun(run)!.Id).Select(label => (
            label.Judgement.Choice, store.GetSegment(label.Query.Items[0]).Observations[0], store.GetSegment(label.Query.Items[1]).Observations[0], label.Query.Predicted));

    private void AddClips(string name, Answer[] answers)
    {
        using var store = new PreferenceStore(Database);
        long run = store.AddRun(new PreferenceRun { Name = name, Environment = "hopper", Instructions = "i", FramesPerSecond = 40 });
        AddQueries(store, run, answers, i => new Query
        {
            RunId = run,
            Predicted = i / 8.0,
            Items = store.AddSegments([.. Enumerable.Range(2 * i, 2).Select(number => new Segment
            {
                RunId = run, Step = number, Length = 2, ObservationShape = [1], Observations = [number, 0.1f], Actions = [0, 1],
            })]),
        });
    }

    private void AddPairs(string name, Answer[] answers)
    {
        using var store = new PreferenceStore(Database);
        long run = store.AddRun(new PreferenceRun { Name = name, Environment = "gpt", Kind = RunKind.Texts, Instructions = "i" });
        AddQueries(store, run, answers, i => new Query
        {
            RunId = run, Kind = QueryKind.TextPair, Items = store.AddTexts([new(0, run, $"{i}", "x", ""), new(0, run, $"{i}", "y", "")]),
        });
    }

    private static void AddQueries(PreferenceStore store, long run, Answer[] answers, Func<int, Query> query)
    {
        long oracle = store.AddOracle("oracle").Id;
        for (int i = 0; i < answers.Length; i++)
        {
            store.AddQuery(query(i));
            Claim claim = store.Claim(oracle, run)!;
            store.Answer(claim.Id, oracle, Judgement.Of((answers[i], claim.Order[0]) switch
            {
                (Answer.Left, 1) => Answer.Right,
                (Answer.Right, 1) => Answer.Left,
                (Answer answer, _) => answer,
            }));
        }
    }
}
