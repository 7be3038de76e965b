using Rlhf.Cli.Reports;
using Rlhf.Cli.Tests.Checking;
using Rlhf.Models;

namespace Rlhf.Cli.Tests.Reports;

public sealed class RunMetricsTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new TemporaryFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [Test]
    public void Curve_TakesLinesThatHaveBoth_AndLeavesALineThatIsBeingWritten()
    {
        RunMetrics metrics = Read("{\"steps\":10,\"return\":1.5}\n{\"steps\":20}\n{\"steps\":30,\"return\":\"NaN\"}\n{\"steps\":40,\"ret");
        Assert.That(metrics.Curve("return", "steps"), Is.EqualTo(new[] { new CurvePoint(10, 1.5), new CurvePoint(30, double.NaN) }));
    }

    [Test]
    public void Curve_LeavesOutWhatAKilledRunHadLoggedBeyondItsCheckpoint()
    {
        RunMetrics metrics = Read("{\"steps\":10,\"return\":1}\n{\"steps\":20,\"return\":2}\n{\"steps\":30,\"return\":3}\n{\"steps\":20,\"return\":5}\n");
        Assert.That(metrics.Curve("return", "steps"), Is.EqualTo(new[] { new CurvePoint(10, 1), new CurvePoint(20, 5) }));
    }

    [Test]
    public void Last_IsTheNewestValueThatWasLogged()
    {
        RunMetrics metrics = Read("{\"a\":1,\"b\":5}\n{\"a\":2}\n");
        Assert.That((metrics.Last("a"), metrics.Last("b"), metrics.Last("c")), Is.EqualTo(((double?)2, (double?)5, (double?)null)));
    }

    [Test]
    public void Read_NamesFileAndLine_OfWhatIsNoJson() =>
        Assert.That(() => Read("{\"a\":1}\nnonsense\n"), Throws.TypeOf<DataFormatException>().With.Message.Contains("metrics.jsonl: line 2"));

    [Test]
    public void Read_IsEmpty_BeforeTheFirstLine() => Assert.That(RunMetrics.Read(_folder.Path).IsEmpty);

    private RunMetrics Read(string text)
    {
        File.WriteAllText(Path.Combine(_folder.Path, "metrics.jsonl"), text);
        return RunMetrics.Read(_folder.Path);
    }
}
