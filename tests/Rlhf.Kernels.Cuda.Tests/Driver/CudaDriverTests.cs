using Rlhf.Kernels.Cuda.Driver;

namespace Rlhf.Kernels.Cuda.Tests.Driver;

public sealed class CudaDriverTests
{
    [Test]
    public void Load_OfAMissingLibrary_SaysWhereItSearchedAndThatCpuKernelsWork() => Assert.That(
        () => CudaDriver.Load("libno_such_cuda.so.1"),
        Throws.TypeOf<CudaException>().With.Message.EqualTo("no CUDA driver found; searched libno_such_cuda.so.1; CPU kernels work without it"));

    [Test]
    public void Load_OfAnotherLibrary_NamesTheFunctionThatIsMissing()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Ignore("libc.so.6 stands for a library that is no driver: Linux only");
        }

        Assert.That(() => CudaDriver.Load("libc.so.6"), Throws.TypeOf<CudaException>().With.Message.StartsWith("libc.so.6 has no function cuInit"));
    }

    [Test]
    public void IsAvailable_NeverThrows()
    {
        Assert.That(() => CudaDriver.IsAvailable, Throws.Nothing);
        Assert.That(CudaDriver.UnavailableReason, CudaDriver.IsAvailable ? Is.Null : Does.Contain("CPU kernels work without it"));
    }

    [Test]
    public void Default_WithoutADriver_ThrowsTheReason()
    {
        if (CudaDriver.IsAvailable)
        {
            Assert.Ignore($"{CudaDriver.Default.Path} is a driver with a device");
        }

        Assert.That(() => CudaDriver.Default, Throws.TypeOf<CudaException>().With.Message.EqualTo(CudaDriver.UnavailableReason));
    }

    [Test]
    public void Open_OfADeviceThatIsNotThere_SaysHowManyThereAre()
    {
        CudaDriver driver = Emulator.Driver;
        Assert.That(
            () => CudaDevice.Open(7, driver),
            Throws.TypeOf<CudaException>().With.Message.Contains("no CUDA device 7").And.Message.Contains("has 1"));
    }

    [Test]
    public void Device_TellsWhatItIs()
    {
        using CudaDevice device = Emulator.Open();
        Assert.That(device.Architecture, Is.AnyOf(70, 75, 80, 86, 89, 90));
        Assert.That(device.Multiprocessors, Is.Positive);
        Assert.That(device.L2Bytes, Is.Positive);
        Assert.That(device.SharedBytesPerBlock, Is.AtLeast(48 * 1024));
    }
}
