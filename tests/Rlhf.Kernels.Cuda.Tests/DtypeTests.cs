using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Cuda.Tests;

public sealed class DtypeTests
{
    [Test]
    public void Suffix_NamesStorageTypes() =>
        Assert.That(new[] { Dtype.Suffix<float>(), Dtype.Suffix<BFloat16>(), Dtype.Suffix<Half>() }, Is.EqualTo(new[] { "f32", "bf16", "f16" }));

    [Test]
    public void Suffix_OfAnotherType_Throws() => Assert.That(
        () => Dtype.Suffix<double>(), Throws.ArgumentException.With.Message.EqualTo("storage type Double, expected Single, BFloat16 or Half"));

    [Test]
    public void DeviceView_OfHostMemory_NamesTheArgument()
    {
        using HostBuffer<float> host = new(4);
        var args = new { Logits = host };
        Assert.That(
            () => DeviceView.Of(args.Logits.View(4), "args.Logits"),
            Throws.ArgumentException.With.Message.EqualTo("Logits lies in host memory, expected memory of a CUDA device"));
    }

    [Test]
    public void DeviceView_OfADefaultView_IsNull() => Assert.That(DeviceView.Of(default(ReadOnlyView<float>)).Data == 0);
}
