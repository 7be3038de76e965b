using Rlhf.Kernels.Cuda.Evidence;

namespace Rlhf.Kernels.Cuda.Tests.Emulation;

/// <summary>Every entry of kernels/ is launched by tests, through the driver's functions and the launchers of the contracts.</summary>
public sealed class LaunchCoverageTests
{
    private const int ArchitectureOfAllEntries = 90;

    [Test]
    public void EveryEntry_IsLaunched()
    {
        using EmulatedSession session = new();
        if (session.Device.Architecture < ArchitectureOfAllEntries)
        {
            Assert.Ignore($"the emulated device is sm_{session.Device.Architecture}; entries for sm_{ArchitectureOfAllEntries} cannot run on it");
        }

        IReadOnlyList<string> entries = new EmulatorCounters(Emulator.Driver).Entries;
        Dictionary<string, long> before = entries.ToDictionary(entry => entry, Emulator.Launches);
        foreach (EmulatedCall call in EmulatedCalls.All)
        {
            call.Run(session);
        }

        string[] missing = [.. entries.Where(entry => Emulator.Launches(entry) == before[entry])];
        TestContext.Out.WriteLine($"{entries.Count - missing.Length} of {entries.Count} entries launched by {EmulatedCalls.All.Count} calls");
        Assert.Multiple(() =>
        {
            Assert.That(entries, Is.Not.Empty);
            Assert.That(missing, Is.Empty, "entries that no call launches");
        });
    }
}
