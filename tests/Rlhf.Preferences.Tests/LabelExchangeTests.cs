namespace Rlhf.Preferences.Tests;

public sealed class LabelExchangeTests
{
    [Test]
    public void Preferences_AreTrlsFormat_AndComeBack()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(kind: RunKind.Texts), ada = temporary.Invite("Ada");
        foreach (Answer answer in Enum.GetValues<Answer>())
        {
            IReadOnlyList<long> texts = temporary.Store.AddTexts(
                [new(0, run, $"Q {answer}\n", "first ‹é›", "m1"), new(0, run, $"Q {answer}\n", "second \"x\"", "m2")]);
            temporary.Store.AddQuery(new Query { RunId = run, Kind = QueryKind.TextPair, Items = texts });
            Claim claim = temporary.Store.Claim(ada, run)!;
            bool turned = claim.Order[0] != 0;
            temporary.Store.Answer(claim.Id, ada, Judgement.Of((answer, turned) switch
            {
                (Answer.Left, true) => Answer.Right,
                (Answer.Right, true) => Answer.Left,
                _ => answer,
            }));
        }

        string path = Path.Combine(temporary.Folder, "pairs.jsonl");
        Assert.That(LabelExport.Preferences(temporary.Store, run, path), Is.EqualTo(new ExportCount(2, 2)));
        Assert.That(File.ReadAllText(path), Is.EqualTo(
            """
            {"prompt":"Q Left\n","chosen":"first ‹é›","rejected":"second \"x\""}
            {"prompt":"Q Right\n","chosen":"second \"x\"","rejected":"first ‹é›"}

            """));
        long other = temporary.AddRun("other", RunKind.Texts);
        Assert.That(LabelImport.Preferences(temporary.Store, other, path, "Ada"), Is.EqualTo(new ExportCount(2, 0)));
        Assert.That(LabelImport.Preferences(temporary.Store, other, path, "Ada"), Is.EqualTo(new ExportCount(0, 2)), "again");
        string again = Path.Combine(temporary.Folder, "again.jsonl");
        LabelExport.Preferences(temporary.Store, other, again);
        Assert.That(File.ReadAllText(again), Is.EqualTo(File.ReadAllText(path)));
    }

    [Test]
    public void Preferences_FindTheStoresPair_InTheOtherOrder()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(kind: RunKind.Texts);
        IReadOnlyList<long> texts = temporary.Store.AddTexts([new(0, run, "p", "bad", ""), new(0, run, "p", "good", "")]);
        long query = temporary.Store.AddQuery(new Query { RunId = run, Kind = QueryKind.TextPair, Items = texts });
        string path = Write(temporary, """{"prompt":"p","chosen":"good","rejected":"bad"}""");
        LabelImport.Preferences(temporary.Store, run, path, "Bob");
        Comparison comparison = temporary.Store.GetComparisons(run).Added.Single();
        Assert.That((comparison.QueryId, comparison.First, comparison.FirstWeight), Is.EqualTo((query, texts[0], 0f)));
        Assert.That(temporary.Store.GetProgress(run).Waiting, Is.Zero);
    }

    [Test]
    public void Rankings_ComeBack_WithTiesAndQuality()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(kind: RunKind.Texts);
        const string Lines =
            """
            {"prompt":"p","completions":["a","b","c","d"],"ranks":[2,1,2,4],"quality":[5,7,5,1]}
            {"prompt":"q","completions":["a","b","c","d","e"],"ranks":[5,4,3,2,1]}

            """;
        string path = Write(temporary, Lines), copy = Path.Combine(temporary.Folder, "copy.jsonl");
        Assert.That(LabelImport.Rankings(temporary.Store, run, path, "Ada"), Is.EqualTo(new ExportCount(2, 0)));
        Assert.That(LabelExport.Rankings(temporary.Store, run, copy), Is.EqualTo(new ExportCount(2, 0)));
        Assert.That(File.ReadAllText(copy), Is.EqualTo(Lines));
    }

    [Test]
    public void Demonstrations_ComeBack()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(kind: RunKind.Texts);
        const string Lines = "{\"prompt\":\"Why?\",\"completion\":\"So.\"}\n";
        string path = Write(temporary, Lines), copy = Path.Combine(temporary.Folder, "copy.jsonl");
        LabelImport.Demonstrations(temporary.Store, run, path, "Ada");
        LabelExport.Demonstrations(temporary.Store, run, copy);
        Assert.That(File.ReadAllText(copy), Is.EqualTo(Lines));
    }

    [Test]
    public void Questions_WaitForLabelers()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(kind: RunKind.Texts);
        string path = Write(
            temporary,
            """
            {"prompt":"write"}
            {"prompt":"pair","completions":["a","b"]}
            {"prompt":"vote","completions":["a","b"],"models":["sft","ppo"],"vote":true}
            {"prompt":"rank","completions":["a","b","c","d"]}
            """);
        Query[] queries = [.. LabelImport.Questions(temporary.Store, run, path).Select(temporary.Store.GetQuery)];
        Assert.That(
            queries.Select(query => query.Kind),
            Is.EqualTo(new[] { QueryKind.Demonstration, QueryKind.TextPair, QueryKind.BlindVote, QueryKind.Ranking }));
        Assert.That(temporary.Store.GetText(queries[2].Items[1]).Model, Is.EqualTo("ppo"));
        Assert.That(temporary.Store.GetProgress(run).Waiting, Is.EqualTo(4));
    }

    [Test]
    public void Questions_AreAskedOfSoManyLabelers_ByPriority()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(kind: RunKind.Texts), ada = temporary.Invite("Ada"), bob = temporary.Invite("Bob");
        string path = Write(
            temporary,
            """
            {"prompt":"first","completions":["a","b"],"answers":2,"priority":7}
            {"prompt":"last","completions":["a","b"],"priority":-1}
            {"prompt":"plain","completions":["a","b"]}
            """);
        IReadOnlyList<long> queries = LabelImport.Questions(temporary.Store, run, path);
        Assert.That(temporary.Store.GetProgress(run) is { Waiting: 4, Unanswered: 3 });
        Assert.That(Answered(ada), Is.EqualTo(new[] { queries[0], queries[2], queries[1] }));
        Assert.That(temporary.Store.GetProgress(run) is { Waiting: 1, Unanswered: 0 });
        Assert.That(Answered(bob), Is.EqualTo(new[] { queries[0] }), "a second opinion");

        List<long> Answered(long labeler)
        {
            List<long> answered = [];
            while (temporary.Store.Claim(labeler, run) is Claim claim)
            {
                temporary.Store.Answer(claim.Id, labeler, Judgement.Of(Answer.Left));
                answered.Add(claim.Query.Id);
            }

            return answered;
        }
    }

    [TestCase("""{"prompt":"p","answers":0}""", "line 1: field 'answers': 0, expected 1 to 1000")]
    [TestCase("""{"prompt":"p","answers":1.5}""", "line 1: field 'answers': 1.5, expected a whole number")]
    [TestCase("""{"prompt":"p","priority":"high"}""", "line 1: field 'priority': \"high\", expected a whole number")]
    [TestCase("""{"prompt":"p","priority":3000000000}""", "line 1: field 'priority': 3000000000, expected -2147483648 to 2147483647")]
    public void Questions_NameWhatIsWrong(string line, string message)
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(kind: RunKind.Texts);
        string path = Write(temporary, line);
        Assert.That(
            () => LabelImport.Questions(temporary.Store, run, path),
            Throws.TypeOf<PreferenceStoreException>().With.Message.EqualTo($"{path}: {message}"));
    }

    [TestCase(RunKind.Figures)]
    [TestCase(RunKind.Frames)]
    public void Clips_ComeBackInAnotherStore_ToTheBit(RunKind kind)
    {
        using TemporaryStore temporary = new(), second = new();
        long run = temporary.AddRun("walk", kind), ada = temporary.Invite("Ada"), bob = temporary.Store.AddOracle("Bob").Id;
        Segment[] given = [.. Enumerable.Range(0, 4).Select(i => kind == RunKind.Frames ? Samples.Frames(run, i) : Samples.Segment(run, i))];
        IReadOnlyList<long> ids = temporary.Store.AddSegments(given);
        new TrueRewardBook(temporary.Store).Add(ids[0], [1, 2]);
        temporary.Store.AddQuery(new Query { RunId = run, Items = [ids[1], ids[0]], Step = 9, Predicted = 0.25, AnswersWanted = 2 });
        temporary.Store.AddQuery(new Query { RunId = run, Items = [ids[2], ids[3]] });
        foreach (long labeler in new[] { ada, bob })
        {
            while (temporary.Store.Claim(labeler, run) is Claim claim)
                temporary.Store.Answer(claim.Id, labeler, Judgement.Of(claim.Query.Predicted is null ? Answer.CannotTell : Answer.Left));
        }

        string path = Path.Combine(temporary.Folder, "clips.jsonl"), copy = Path.Combine(temporary.Folder, "copy.jsonl");
        Assert.That(LabelExport.Clips(temporary.Store, run, path), Is.EqualTo(new ExportCount(3, 0)));
        (long id, ExportCount count) = LabelImport.Clips(second.Store, path);
        Assert.That(count, Is.EqualTo(new ExportCount(3, 0)));
        Assert.That(
            second.Store.GetComparisons(id).Added.Select(comparison => comparison.FirstWeight),
            Is.EqualTo(temporary.Store.GetComparisons(run).Added.Select(comparison => comparison.FirstWeight)));
        Assert.That(new TrueRewardBook(second.Store).Rewards(1), Is.Null, "true rewards stay where they are");
        LabelExport.Clips(second.Store, id, copy);
        Assert.That(
            second.Store.GetLabels(id).Select(label => second.Store.GetSegment(label.Query.Items[0]).Observations),
            Is.EqualTo(temporary.Store.GetLabels(run).Select(label => temporary.Store.GetSegment(label.Query.Items[0]).Observations)));
        Assert.That(File.ReadAllLines(copy), Has.Length.EqualTo(File.ReadAllLines(path).Length));
        Assert.That(
            () => LabelImport.Clips(second.Store, path),
            Throws.TypeOf<PreferenceStoreException>().With.Message.EqualTo($"{path}: line 1: run 'walk': the store has one of this name"));
    }

    [TestCase("""{"prompt":"p","chosen":"a"}""", "line 2: field 'rejected': missing, the line has 'prompt', 'chosen'")]
    [TestCase("""{"prompt":"p","chosen":"a","rejected":7}""", "line 2: field 'rejected': a number, expected a string")]
    [TestCase("""{"prompt":"p","chosen":"a","rejected":"a"}""", "line 2: query: items 3,3 repeat one")]
    [TestCase("""{"prompt":"p","chosen":"","rejected":"a"}""", "line 2: field 'chosen': empty, expected a text")]
    [TestCase("""{"prompt":"p","chosen":"\ud800","rejected":"a"}""", "line 2: field 'chosen': an escape that is half a character")]
    [TestCase("""["p"]""", "line 2: a JSON array, expected an object")]
    [TestCase("""{"prompt":""", "line 2: malformed JSON at byte 10")]
    public void Import_NamesFileLineAndField_AndTakesNothing(string line, string message)
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(kind: RunKind.Texts);
        string path = Write(temporary, "{\"prompt\":\"ok\",\"chosen\":\"a\",\"rejected\":\"b\"}\n" + line);
        Assert.That(
            () => LabelImport.Preferences(temporary.Store, run, path, "Ada"),
            Throws.TypeOf<PreferenceStoreException>().With.Message.EqualTo($"{path}: {message}"));
        Assert.That(temporary.Store.GetLabels(run), Is.Empty);
        Assert.That(temporary.Store.GetProgress(run).Queries, Is.Zero);
    }

    [TestCase("""{"prompt":"p","completions":["a","b","c","d"],"ranks":[1,2,3]}""", "line 1: answer to query 1: 3 ranks, expected 4")]
    [TestCase("""{"prompt":"p","completions":["a","b","c"],"ranks":[1,2,3]}""", "line 1: query: 3 items, expected 4 to 9 for Ranking")]
    [TestCase("""{"prompt":"p","completions":["a","b","c",4],"ranks":[1,2,3,4]}""", "line 1: field 'completions[3]': a number, expected a string")]
    public void Rankings_NameWhatIsWrong(string line, string message)
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(kind: RunKind.Texts);
        string path = Write(temporary, line);
        Assert.That(
            () => LabelImport.Rankings(temporary.Store, run, path, "Ada"),
            Throws.TypeOf<PreferenceStoreException>().With.Message.EqualTo($"{path}: {message}"));
    }

    [Test]
    public void NewRun_ComesWithItsLabels_OrNotAtAll()
    {
        using TemporaryStore temporary = new();
        PreferenceRun described = new() { Name = "new", Environment = "file", Kind = RunKind.Texts, Instructions = "i" };
        string path = Write(temporary, """{"prompt":"p","completions":["a","b","c","d"],"ranks":[1,2,3]}""");
        Assert.That(() => LabelImport.Rankings(temporary.Store, described, path, "Ada"), Throws.TypeOf<PreferenceStoreException>());
        Assert.That(temporary.Store.GetRuns(), Is.Empty);
        Write(temporary, """{"prompt":"p","completions":["a","b","c","d"],"ranks":[1,2,3,4]}""");
        Assert.That(LabelImport.Rankings(temporary.Store, described, path, "Ada"), Is.EqualTo(new ExportCount(1, 0)));
        Assert.That(temporary.Store.GetLabels(temporary.Store.FindRun("new")!.Id), Has.Count.EqualTo(1));
    }

    private const string RunLine = """{"type":"run","name":"r","environment":"hopper","kind":"Figures","instructions":"i","fps":40}""";

    [TestCase("""{"type":"segment"}""", "line 1: field 'type': 'segment', expected 'run' on the first line")]
    [TestCase(RunLine + "\n{\"type\":\"x\"}", "line 2: field 'type': 'x', expected 'segment' or 'comparison'")]
    [TestCase(
        RunLine + "\n{\"type\":\"comparison\",\"first\":1,\"second\":2}", "line 2: field 'first': segment 1 does not stand before this line")]
    [TestCase(
        RunLine + "\n{\"type\":\"segment\",\"id\":1,\"step\":0,\"length\":2,\"observation_shape\":[1],\"observations\":\"AAAA\",\"actions\":\"\"}",
        "line 2: field 'observations': 3 bytes, expected a multiple of 4")]
    [TestCase(
        RunLine + "\n{\"type\":\"segment\",\"id\":1,\"step\":0,\"length\":2,\"observation_shape\":[1],\"observations\":\"AAAAAA==\",\"actions\":\"\"}",
        "line 2: segment: 1 floats of observations, expected 2 × 1")]
    public void Clips_NameWhatIsWrong(string lines, string message)
    {
        using TemporaryStore temporary = new();
        string path = Write(temporary, lines);
        Assert.That(
            () => LabelImport.Clips(temporary.Store, path),
            Throws.TypeOf<PreferenceStoreException>().With.Message.EqualTo($"{path}: {message}"));
        Assert.That(temporary.Store.GetRuns(), Is.Empty);
    }

    [Test]
    public void Files_ThatCannotBeUsed_AreNamed()
    {
        using TemporaryStore temporary = new();
        long run = temporary.AddRun(kind: RunKind.Texts);
        string missing = Path.Combine(temporary.Folder, "none.jsonl"), nowhere = Path.Combine(temporary.Folder, "none", "a.jsonl");
        Assert.That(
            () => LabelImport.Preferences(temporary.Store, run, missing, "Ada"),
            Throws.TypeOf<PreferenceStoreException>().With.Message.EqualTo($"{missing}: no such file"));
        Assert.That(
            () => LabelExport.Preferences(temporary.Store, run, nowhere),
            Throws.TypeOf<PreferenceStoreException>().With.Message.StartsWith($"{nowhere}: cannot be written: "));
        File.WriteAllBytes(missing, [0x7B, 0xFF, 0x7D]);
        Assert.That(
            () => LabelImport.Preferences(temporary.Store, run, missing, "Ada"),
            Throws.TypeOf<PreferenceStoreException>().With.Message.EqualTo($"{missing}: line 1 or after: not UTF-8 text"));
    }

    private static string Write(TemporaryStore temporary, string text)
    {
        string path = Path.Combine(temporary.Folder, "in.jsonl");
        File.WriteAllText(path, text);
        return path;
    }
}
