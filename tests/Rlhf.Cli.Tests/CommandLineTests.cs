using Rlhf.Cli.Tests.Checking;

namespace Rlhf.Cli.Tests;

public sealed class CommandLineTests
{
    [Test]
    public async Task Help_ListsEveryVerbWithADescription()
    {
        (int code, string output, _) = await Checking.Cli.RunAsync("--help");
        Assert.That(code, Is.Zero);
        foreach (System.CommandLine.Command verb in CommandLine.CreateRoot().Subcommands)
            Assert.That(output, Does.Match($@"\n  {verb.Name} .*\w"));
    }

    [Test]
    public async Task Help_DescribesEveryOption_OfEveryVerb()
    {
        foreach (System.CommandLine.Command verb in CommandLine.CreateRoot().Subcommands)
        {
            (int code, string output, _) = await Checking.Cli.RunAsync(verb.Name, "--help");
            Assert.That(code, Is.Zero);
            Assert.That(verb.Options, Has.All.Matches<System.CommandLine.Option>(option => !string.IsNullOrWhiteSpace(option.Description)), verb.Name);
            Assert.That(output, Does.Contain("--help").And.Contain(verb.Description));
        }
    }

    [TestCase("")]
    [TestCase("chekc")]
    [TestCase("check")]
    [TestCase("check --fixtures")]
    [TestCase("check --fixtures . --backend abacus")]
    [TestCase("check --fixtures . --frobnicate")]
    public async Task CommandLine_IsOneErrorLine_WhenItIsWrong(string line)
    {
        (int code, string output, string error) = await Checking.Cli.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(output, Is.Empty);
            Assert.That(error, Does.Match(@"^rlhf: [^\n]+\n$"));
        });
    }

    [Test]
    public async Task Failure_IsOneErrorLineWithoutStackTrace()
    {
        using var folder = new TemporaryFolder();
        CaseBuilder.Gae().Write(folder.Path);
        string file = Path.Combine(folder.Path, "missing", "rows.json");
        (int code, _, string error) = await Checking.Cli.CheckAsync(folder.Path, "--json", file);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.Match(@"^rlhf: [^\n]*rows\.json: no such directory[^\n]*\n$"));
    }
}
