using Rlhf.Kernels.Cuda.Evidence;

namespace Rlhf.Kernels.Cuda.Tests.Evidence;

/// <summary>Occupancy against numbers worked out by hand from the programming guide's tables.</summary>
public sealed class ArchitectureLimitsTests
{
    [TestCase(80, 256, 32, 0, 8, 1.0, Description = "64 warps, 8 a block, 64 by registers")]
    [TestCase(86, 256, 32, 0, 6, 1.0, Description = "48 warps, 8 a block")]
    [TestCase(75, 256, 32, 0, 4, 1.0, Description = "32 warps, 8 a block")]
    [TestCase(80, 1024, 40, 0, 1, 0.5, Description = "1,280 registers a warp: 12 warps in each of four parts, 32 a block")]
    [TestCase(90, 256, 96, 0, 2, 0.25, Description = "3,072 registers a warp: 5 warps in each of four parts, 8 a block")]
    [TestCase(80, 128, 16, 48 * 1024, 3, 0.1875, Description = "164 KiB hold three blocks of 48 + 1 KiB")]
    [TestCase(70, 128, 16, 48 * 1024, 2, 0.125, Description = "96 KiB hold two blocks, none of it is reserved")]
    [TestCase(90, 32, 16, 0, 32, 0.5, Description = "no more than 32 blocks")]
    [TestCase(89, 32, 16, 0, 24, 0.5, Description = "no more than 24 blocks")]
    [TestCase(90, 1024, 32, 200 * 1024, 1, 0.5, Description = "a second block would need 402 KiB")]
    [TestCase(80, 96, 168, 0, 3, 0.140625, Description = "5,376 registers a warp: 3 warps in each part; a block of 3 warps takes 4")]
    public void Occupancy_IsThatOfTheGuide(int architecture, int threads, int registers, int shared, int blocks, double occupancy)
    {
        ArchitectureLimits limits = ArchitectureLimits.Of(architecture);
        Assert.Multiple(() =>
        {
            Assert.That(limits.ResidentBlocks(threads, registers, shared), Is.EqualTo(blocks));
            Assert.That(limits.Occupancy(threads, registers, shared), Is.EqualTo(occupancy));
        });
    }

    [Test]
    public void Of_AnUnknownArchitecture_ListsTheKnownOnes() =>
        Assert.That(() => ArchitectureLimits.Of(61), Throws.ArgumentException.With.Message.EqualTo("no limits are known of sm_61, expected one of 70, 75, 80, 86, 89, 90"));
}
