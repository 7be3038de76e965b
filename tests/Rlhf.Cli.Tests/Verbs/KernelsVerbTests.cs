using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Cuda.Modules;

namespace Rlhf.Cli.Tests.Verbs;

public sealed class KernelsVerbTests
{
    [Test]
    public async Task List_NamesEveryEntry()
    {
        var (code, output, _) = await Checking.Cli.RunAsync("kernels", "list");
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.Zero);
            Assert.That(
                output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]),
                Is.EqualTo(KernelSources.Modules.SelectMany(KernelSources.Entries)));
        });
    }

    [TestCase("kernels build --arch sm_61 --out x", "--arch: sm_61, expected some of sm_70,sm_75,sm_80,sm_86,sm_89,sm_90")]
    [TestCase("kernels run gae --shape 3by4", "--shape: 3by4, expected positive numbers with x between them")]
    [TestCase("kernels run gae --iterations 0", "--iterations: expected at least 1")]
    [TestCase("kernels run soup", "'soup' not recognized")]
    public async Task BadArguments_AreNamed(string line, string expected)
    {
        var (code, _, error) = await Checking.Cli.RunAsync(line.Split(' '));
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(error, Does.Contain(expected));
        });
    }

    [TestCase("kernels", "run", "gae")]
    [TestCase("gpu-check")]
    public async Task WithoutADriver_OneLineSaysWhereItWasSearched(params string[] line)
    {
        if (CudaDriver.IsAvailable)
        {
            Assert.Ignore("this machine has a CUDA driver");
        }

        var (code, output, error) = await Checking.Cli.RunAsync(line);
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(1));
            Assert.That(output, Is.Empty);
            Assert.That(error, Does.StartWith("rlhf: no CUDA driver found; searched ").And.EndsWith("CPU kernels work without it" + Environment.NewLine));
        });
    }

    [Test]
    public async Task Run_OnTheEmulator_PrintsNoTime()
    {
        RequireEmulator();
        var (code, output, _) = await Checking.Cli.RunAsync("kernels", "run", "gae", "--shape", "2x33", "--iterations", "2", "--backend", "simt");
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.Zero);
            Assert.That(output, Does.Contain("gae 2x33 f32").And.Contain("2 calls, 1 launch, least bytes 1130").And.Contain("time: not given"));
        });
    }

    private static void RequireEmulator()
    {
        try
        {
            _ = CudaDriver.LoadEmulator();
        }
        catch (CudaException e)
        {
            Assert.Ignore(e.Message);
        }
    }
}
