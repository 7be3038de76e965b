using System.Runtime.InteropServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.TestSupport;
using Oracle = Rlhf.Kernels.Reference.Sequence.TokenLogprobs;

namespace Rlhf.Kernels.Conformance.Sequence;

/// <summary>Rows 2^31 elements apart, in address space that is mapped and, but for a few pages, never touched.</summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed unsafe partial class HugeStrideTests(IKernels kernels)
{
    private const int Rows = 3, V = 77, ReadWrite = 3, PrivateAnonymousNoReserve = 0x02 | 0x20 | 0x4000;
    private const long Stride = 1L << 31;

    [Test]
    public void Bug07_OffsetsBeyond32Bits_AreAddressed()
    {
        // flash-attn #714, sglang #20389: 32-bit offsets.
        if (!OperatingSystem.IsLinux())
        {
            Assert.Ignore("needs mmap with MAP_NORESERVE: Linux only");
        }

        long length = (((Rows - 1) * Stride) + V) * sizeof(float);
        nuint bytes = (nuint)length;
        void* logits = Map(null, bytes, ReadWrite, PrivateAnonymousNoReserve, -1, 0);
        void* gradient = Map(null, bytes, ReadWrite, PrivateAnonymousNoReserve, -1, 0);
        Assert.That((nint)logits != -1 && (nint)gradient != -1, "two mappings of 16 GiB of address space");
        try
        {
            Check(new View<float>((float*)logits, Rows, V, Stride), new View<float>((float*)gradient, Rows, V, Stride));
        }
        finally
        {
            Assert.That((Unmap(logits, bytes), Unmap(gradient, bytes)), Is.EqualTo((0, 0)));
        }
    }

    private void Check(View<float> x, View<float> grad)
    {
        float[] values = Data.Normal(1, Rows * V);
        for (int row = 0; row < Rows; row++)
        {
            values.AsSpan(row * V, V).CopyTo(new Span<float>(x.Row(row), V));
        }

        using var targets = Pinned.Of<int>([5, 6, 7]);
        using Pinned<float> lp = Pinned.Zeros<float>(Rows), g = Pinned.Of([1f, 2f, 3f]);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float> { Logits = x, Targets = targets, Logprobs = lp });
        kernels.TokenLogprobsBackward(new TokenLogprobsBackwardArgs<float> { Logits = x, Targets = targets, GradLogprobs = g, GradLogits = grad });
        for (int row = 0; row < Rows; row++)
        {
            double[] exact = Data.Doubles(values.AsSpan(row * V, V));
            Assert.That(lp.Span[row], Is.EqualTo(Oracle.Forward(exact, row + 5, default).Logprob).Within(1e-5));
            Assert.That(
                Data.Doubles(new ReadOnlySpan<float>(grad.Row(row), V)), Is.EqualTo(Oracle.Backward(exact, row + 5, default, row + 1, 0)).Within(1e-5));
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);
}
