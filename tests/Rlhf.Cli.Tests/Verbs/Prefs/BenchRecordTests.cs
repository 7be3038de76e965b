using Rlhf.Cli.Tests.Checking;
using Rlhf.Cli.Verbs.Prefs;
using Rlhf.Models;

namespace Rlhf.Cli.Tests.Verbs.Prefs;

public sealed class BenchRecordTests
{
    private const string Command = "control train --algorithm trpo --env reacher --steps 5000 --gamma 0.95 --output_dir /grid";

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new TemporaryFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [Test]
    public void Record_IsWhatWasWritten()
    {
        var record = new BenchRecord(Command, null, true);
        record.Write(_folder.Path);
        Assert.That(BenchRecord.Read(_folder.Path), Is.EqualTo(record));
        (record with { Seconds = 1.5 }).Write(_folder.Path);
        Assert.That(BenchRecord.Read(_folder.Path)!.Seconds, Is.EqualTo(1.5));
    }

    [TestCase("control train --algorithm trpo --env reacher --steps 9000 --gamma 0.95", "--steps 5000", "--steps 9000")]
    [TestCase("control train --algorithm trpo --env reacher --steps 5000", "--gamma 0.95", "no --gamma")]
    [TestCase("control train --algorithm trpo --env reacher --steps 5000 --gamma 0.95 --lam 1", "no --lam", "--lam 1")]
    public void AnotherCommand_IsRefused_ByItsFirstOption(string command, string before, string now) => Assert.That(
        () => new BenchRecord(Command, 1, false).RequireSame("reacher/true-reward/seed-1", command),
        Throws.TypeOf<DataFormatException>().With.Message.EqualTo($"reacher/true-reward/seed-1: run with {before}, this grid has {now}; give another --output_dir"));

    [TestCase("control train --algorithm trpo --env reacher --steps 5000 --gamma 0.95 --output_dir elsewhere")]
    [TestCase("control train --algorithm=trpo --output_dir \"a folder\" --gamma 0.95 --steps 5000 --env reacher")]
    public void TheSameOptions_GoOn_InAnyOrderAndPlace(string command) =>
        Assert.That(() => new BenchRecord(Command, 1, false).RequireSame("here", command), Throws.Nothing);

    [TestCase("{", "malformed")]
    [TestCase("{\"command\": 3}", "malformed")]
    [TestCase("{}", "no command")]
    public void AFileThatIsNoRecord_IsNamed(string text, string expected)
    {
        string path = Path.Combine(_folder.Path, "cell.json");
        File.WriteAllText(path, text);
        Assert.That(() => BenchRecord.Read(_folder.Path), Throws.TypeOf<DataFormatException>().With.Message.StartsWith($"{path}: {expected}"));
    }

    [TestCase(5000, "done")]
    [TestCase(null, "killed")]
    public async Task Bench_RefusesAGrid_WhoseRunsHadOtherSettings_BeforeItRunsAny(int? seconds, string state)
    {
        // The last run of the grid, so that a refusal that comes in its turn would train first.
        string cell = Path.Combine("reacher", "8-labels", "seed-2"), directory = Path.Combine(_folder.Path, cell);
        new BenchRecord($"prefs train --labels 8 --ablation none --env reacher --steps 700 --seed 2 --threads 1 --output_dir {directory}", seconds, false).Write(directory);
        (int code, string output, string error) = await Checking.Cli.RunAsync(
            "prefs", "bench", "--tasks", "reacher", "--labels", "8", "--seeds", "2", "--steps", "800", "--threads", "1", "--output_dir", _folder.Path);
        Assert.That(
            (code, output, error.Trim()),
            Is.EqualTo((1, string.Empty, $"rlhf: {cell}: run with --steps 700, this grid has --steps 800; give another --output_dir")),
            state);
    }
}
