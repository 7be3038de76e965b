using System.Net;
using System.Text.RegularExpressions;
using Rlhf.Preferences;

namespace Rlhf.Cli.Tests.Verbs;

public sealed class LabelVerbTests
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rlhf-label-");

    private string Database => Path.Combine(_folder.FullName, "labels.db");

    [OneTimeSetUp]
    public void SetUp()
    {
        using var store = new PreferenceStore(Database);
        long run = store.AddRun(new PreferenceRun { Name = "addresses", Environment = "gpt", Kind = RunKind.Texts, Instructions = "The better one." });
        long labeler = store.InviteLabeler("Ada").Labeler.Id;
        for (int i = 0; i < 4; i++)
        {
            store.AddQuery(new Query
            {
                RunId = run, Kind = QueryKind.BlindVote, Items = store.AddTexts([new(0, run, $"{i}", "x", "ppo"), new(0, run, $"{i}", "y", "sft")]),
            });
        }

        for (int i = 0; i < 3; i++)
        {
            Claim claim = store.Claim(labeler, run)!;
            store.Answer(claim.Id, labeler, Judgement.Of(claim.Order[0] == 0 ? Answer.Left : Answer.Right));
        }
    }

    [OneTimeTearDown]
    public void TearDown() => _folder.Delete(recursive: true);

    [Test]
    public async Task Invite_PrintsALink_ThatRevokeEnds()
    {
        (int code, string output, _) = await RunAsync("label", "--db", Database, "--urls", "http://127.0.0.1:5999", "--invite", "Grace");
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Match(@"^Grace: http://127\.0\.0\.1:5999/#invite=[\w-]{43}\s*$"));
        string token = output.Trim().Split('=')[1];
        using (var store = new PreferenceStore(Database))
            Assert.That(store.FindLabeler(token)!.Name, Is.EqualTo("Grace"));
        Assert.That((await RunAsync("label", "--db", Database, "--revoke", "Grace")).Output, Does.Contain("access ended"));
        using (var store = new PreferenceStore(Database))
            Assert.That(store.FindLabeler(token), Is.Null);
    }

    [TestCase("*")]
    [TestCase("+")]
    [TestCase("0.0.0.0")]
    [TestCase("[::]")]
    public async Task Invite_PrintsTheMachinesName_WhereTheServerListensEverywhere(string all)
    {
        string name = $"Bob {all}", token = @"/#invite=[\w-]{43}\s*$";
        (int code, string output, _) = await RunAsync("label", "--db", Database, "--urls", $"http://{all}:5999", "--invite", name);
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Match($"^{Regex.Escape(name)}: http://{Regex.Escape(Dns.GetHostName())}:5999{token}").IgnoreCase);
        (_, output, _) = await RunAsync("label", "--db", Database, "--urls", $"http://{all}:5999", "--public_url", "https://label.example.org", "--invite", $"{name}'s");
        Assert.That(output, Does.Match($"^{Regex.Escape(name)}'s: https://label\\.example\\.org{token}"));
    }

    [Test]
    public async Task List_TellsRuns_Labelers_AndVotes()
    {
        (int code, string output, _) = await RunAsync("label", "--db", Database, "--list");
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain("run addresses: 3 answered, 1 waiting").And.Contain("ppo beats sft in 100.0").And.Contain("labeler Ada: invited"));
    }

    [TestCase("--run nothing", "--run nothing", "addresses")]
    [TestCase("--revoke Nobody", "--revoke Nobody", "no labeler of this name")]
    [TestCase("--invite Ada", "Ada", "one of this name")]
    [TestCase("--urls localhost", "url 'localhost'", "http://ADDRESS:PORT")]
    [TestCase("--urls localhost --invite Eve", "url 'localhost'", "http://ADDRESS:PORT")]
    public async Task WrongOption_IsOneLine(string arguments, params string[] parts)
    {
        (int code, _, string error) = await RunAsync(["label", "--db", Database, .. arguments.Split(' ')]);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error.TrimEnd(), Does.StartWith("rlhf: ").And.Not.Contain("\n"));
        foreach (string part in parts)
            Assert.That(error, Does.Contain(part));
    }

    [Test]
    public async Task MissingStore_IsNotMade()
    {
        string missing = Path.Combine(_folder.FullName, "missing.db");
        (int code, _, string error) = await RunAsync("label", "--db", missing);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.Contain(missing).And.Contain("no such file"));
        Assert.That(File.Exists(missing), Is.False);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int code = await CommandLine.RunAsync(arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
