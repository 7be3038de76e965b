using Rlhf.Fixtures;
using Rlhf.Fixtures.Format;
using Rlhf.Kernels;

namespace Rlhf.Cli.Tests.Checking;

/// <summary>Every case of tests/fixtures, one test each.</summary>
public sealed class FixtureCaseTests
{
    private static readonly string Root = FindRoot();
    private CpuKernels _kernels = null!;
    private AssetFinder _assets = null!;
    private FixtureChecker _checker = null!;

    public static IEnumerable<TestCaseData> Cases => FixtureFinder.Find(Path.Combine(Root, "tests", "fixtures"))
        .Where(location => location.Family != "losses_extra")
        .Select(location => new TestCaseData(location).SetArgDisplayNames(location.ToString()));

    [OneTimeSetUp]
    public void Create()
    {
        _kernels = new CpuKernels(threads: 2);
        _assets = AssetFinder.Create(null, Root);
        _checker = new FixtureChecker(_kernels, _assets);
    }

    [OneTimeTearDown]
    public void Release()
    {
        _kernels.Dispose();
        _assets.Dispose();
    }

    [TestCaseSource(nameof(Cases))]
    public void Results_AgreeWithTheReference(FixtureLocation location)
    {
        CaseResult result = _checker.Run(location);
        Assert.That(result.Status, Is.EqualTo(CaseStatus.Passed), result.Message);
        Assert.That(result.Worst, Is.Not.Null, "nothing was compared");
    }

    [Test]
    public void Family_IsSkippedByName_WhenNothingImplementsIt()
    {
        CaseResult[] results = [.. FixtureFinder.Find(Path.Combine(Root, "tests", "fixtures", "losses_extra")).Select(_checker.Run)];
        Assert.That(results, Is.Not.Empty);
        Assert.That(results, Has.All.Matches<CaseResult>(result => result.Status == CaseStatus.Skipped && result.Message.Contains("losses_extra", StringComparison.Ordinal)));
    }

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Rlhf.Native.sln")))
            directory = Path.GetDirectoryName(directory);
        return directory ?? throw new DirectoryNotFoundException("no Rlhf.Native.sln above the test directory");
    }
}
