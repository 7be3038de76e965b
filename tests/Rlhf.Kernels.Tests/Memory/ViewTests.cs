using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Tests.Memory;

public sealed unsafe class ViewTests
{
    [Test]
    public void Views_AddressByRowStride()
    {
        using var memory = new HostBuffer<int>([.. Enumerable.Range(0, 20)]);
        var view = new View<int>(memory.Pointer, 3, 4, 7);
        ReadOnlyView<int> read = view;
        Assert.Multiple(() =>
        {
            Assert.That(view[2, 3], Is.EqualTo(17));
            Assert.That(read[1, 2], Is.EqualTo(9));
            Assert.That(read.SliceRows(1, 2)[1, 0], Is.EqualTo(14));
            Assert.That(view.SliceRows(2, 1)[0, 1], Is.EqualTo(15));
            Assert.That((view.IsContiguous, memory.View(5, 4).IsContiguous, read.IsContiguous), Is.EqualTo((false, true, false)));
            Assert.That((view.Count, read.Count, view.IsEmpty, default(View<int>).IsEmpty), Is.EqualTo((12L, 12L, false, true)));
            Assert.That((view.ToString(), memory.View(5).ToString(), read.ToString()), Is.EqualTo(("[3, 4]", "[5]", "[3, 4]")));
        });
    }

    [Test]
    public void Vectors_MayBeStridedOrBroadcast()
    {
        using var memory = new HostBuffer<int>([.. Enumerable.Range(0, 20)]);
        Assert.Multiple(() =>
        {
            Assert.That(View<int>.Vector(memory.Pointer, 5, 3)[4], Is.EqualTo(12));
            Assert.That(ReadOnlyView<int>.Vector(memory.Pointer + 2, 100, 0)[99], Is.EqualTo(2));
        });
    }

    [Test]
    public void Slices_OutOfRange_AreRefused()
    {
        using var memory = new HostBuffer<int>(4);
        View<int> view = memory.View(4);
        Assert.Multiple(() =>
        {
            Assert.That(() => view.SliceRows(3, 2), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => ((ReadOnlyView<int>)view).SliceRows(-1, 2), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => new View<int>(memory.Pointer, -1, 2), Throws.InstanceOf<ArgumentOutOfRangeException>());
        });
    }

    [Test]
    public void HostBuffer_IsZeroedAlignedAndOwned()
    {
        var memory = new HostBuffer<double>(1000);
        Assert.Multiple(() =>
        {
            Assert.That(memory.Span.ToArray(), Is.All.Zero);
            Assert.That((long)memory.Pointer % 64, Is.Zero);
            Assert.That(() => memory.View(1001), Throws.ArgumentException.With.Message.EqualTo("a view [1001, 1] needs 1001 elements, the buffer has 1000"));
            Assert.That(() => new HostBuffer<int>(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        });
        memory.Dispose();
        Assert.That(() => memory.Span.Length, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Require_NamesArgumentAndBothShapes()
    {
        using var memory = new HostBuffer<float>(12);
        ReadOnlyView<float> logprobs = memory.View(3, 4), missing = default;
        float temperature = float.NaN;
        Assert.Multiple(() =>
        {
            Assert.That(() => Require.Shape(logprobs, 3, 5), Throws.ArgumentException.With.Message.EqualTo("logprobs is [3, 4], expected [3, 5]"));
            Assert.That(() => Require.Shape(missing, 3, 1), Throws.ArgumentException.With.Message.EqualTo("missing is missing, expected [3]"));
            Assert.That(() => Require.OptionalShape(logprobs, 2, 4), Throws.ArgumentException.With.Message.EqualTo("logprobs is [3, 4], expected [2, 4]"));
            Assert.That(() => Require.Positive(temperature), Throws.ArgumentException.With.Message.EqualTo("temperature is NaN, expected a finite number greater than 0"));
            Assert.That(() => Require.NonNegative(-1f), Throws.ArgumentException.With.Message.Contains("expected a finite number of at least 0"));
            Assert.That(() => Require.Within(2f, 0f, 1f), Throws.ArgumentException.With.Message.Contains("is 2, expected a number from 0 to 1"));
        });
        Require.Shape(missing, 0, 7);
        Require.OptionalShape(missing, 3, 3);
    }
}
