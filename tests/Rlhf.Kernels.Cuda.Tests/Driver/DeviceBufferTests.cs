using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Cuda.Tests.Driver;

public sealed class DeviceBufferTests
{
    [Test]
    public void CopyFromAndTo_KeepTheContent()
    {
        using Session session = new();
        float[] content = [1f, 2f, 3f, float.NaN];
        Assert.That(session.Read(session.Buffer(content)), Is.EqualTo(content));
    }

    [Test]
    public void View_LiesOnTheDevice()
    {
        using Session session = new();
        Assert.That(session.Buffer(1f, 2f, 3f, 4f, 5f, 6f).View(2, 3).Device, Is.EqualTo(DeviceKind.Cuda));
    }

    [Test]
    public void View_LargerThanTheBuffer_Throws()
    {
        using Session session = new();
        Assert.That(() => session.Buffer(1f).View(2), Throws.ArgumentException.With.Message.Contains("needs 2 elements, the buffer has 1"));
    }

    [Test]
    public void OutOfMemory_SaysWhatWasAskedAndWhatThereIs()
    {
        using Session session = new();
        const long Bytes = 1L << 50;
        Assert.That(
            () => new DeviceBuffer<byte>(session.Device, Bytes),
            Throws.TypeOf<CudaException>().With.Message.Match($"^out of memory on CUDA device 0 .*: {Bytes} bytes asked, [0-9]+ free of [0-9]+$"));
    }
}
