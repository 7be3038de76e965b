using Rlhf.Kernels.Blas;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;
using Rlhf.TestSupport;

namespace Rlhf.Kernels.Tests.Blas;

public sealed unsafe class GemmTests
{
    [Test]
    public void Multiply_MatchesTheDefinition(
        [Values] SimdWidth width, [Values(1, 6, 197)] int m, [Values(1, 17, 130)] int n, [Values(0, 1, 300)] int k, [Values] bool transposeA, [Values] bool transposeB)
    {
        if (width > SimdRunner.Widest && (long)m * n * k > 100_000)
        {
            Assert.Ignore($"{width} is emulated on this machine: large shapes are left to the native widths");
        }

        using var team = new WorkerTeam(2);
        var runner = new SimdRunner(width, team);
        int lda = (transposeA ? m : k) + 3, ldb = (transposeB ? k : n) + 5, ldc = n + 2;
        float[] a = Data.Normal(1, ((transposeA ? k : m) + 1) * lda), b = Data.Normal(2, ((transposeB ? n : k) + 1) * ldb), c = Data.Normal(3, m * ldc);
        foreach (bool accumulate in new[] { false, true })
        {
            using HostBuffer<float> pa = new(a), pb = new(b), pc = new(c);
            ManagedGemm.Multiply(runner, m, n, k, new GemmOperand(pa.Pointer, lda, transposeA), new GemmOperand(pb.Pointer, ldb, transposeB), pc.Pointer, ldc, accumulate);
            for (int i = 0; i < m; i++)
            {
                for (int j = 0; j < ldc; j++)
                {
                    double expected = j >= n || accumulate ? c[(i * ldc) + j] : 0;
                    for (int x = 0; x < k && j < n; x++)
                    {
                        expected += (double)a[transposeA ? (x * lda) + i : (i * lda) + x] * b[transposeB ? (j * ldb) + x : (x * ldb) + j];
                    }

                    Assert.That(pc.Span[(i * ldc) + j], Is.EqualTo(expected).Within(2e-6 * (k + 1)), $"[{i}, {j}]");
                }
            }
        }
    }

    [Test]
    public void ManagedMultiply_HasTheSameBits_ForAnyWidthThreadsAndSplitOfK()
    {
        const int M = 50, N = 70, K = 520;
        using HostBuffer<float> a = new(Data.Normal(1, M * K)), b = new(Data.Normal(2, K * N));
        float[]? first = null;
        foreach (SimdWidth width in Enum.GetValues<SimdWidth>())
        {
            foreach (int threads in new[] { 1, 3 })
            {
                foreach (int split in new[] { K, 256, 100 })
                {
                    using var team = new WorkerTeam(threads);
                    using var c = new HostBuffer<float>(M * N);
                    for (int k = 0; k < K; k += split)
                    {
                        ManagedGemm.Multiply(
                            new SimdRunner(width, team), M, N, Math.Min(split, K - k), new GemmOperand(a.Pointer + k, K),
                            new GemmOperand(b.Pointer + ((long)k * N), N), c.Pointer, N, accumulate: k > 0);
                    }

                    Assert.That(c.Span.ToArray(), Is.EqualTo(first ??= c.Span.ToArray()), $"{width}, {threads} threads, split {split}");
                }
            }
        }
    }

    [Test]
    public void OpenBlas_AgreesWithOurOwn_WhereItIsInstalled()
    {
        if (!OpenBlas.IsAvailable)
        {
            Assert.That((OpenBlas.CoreName, OpenBlas.Threads), Is.EqualTo(("", 0)));
            Assert.Ignore("OpenBLAS is not installed here");
        }

        const int M = 60, N = 90, K = 120;
        Assert.That(OpenBlas.CoreName, Is.Not.Empty);
        using HostBuffer<float> a = new(Data.Normal(1, M * K)), b = new(Data.Normal(2, K * N)), one = new(M * N), two = new(M * N);
        using var team = new WorkerTeam(2);
        var runner = new SimdRunner(SimdRunner.Widest, team);
        new Gemm(runner, useBlas: true).Multiply(M, N, K, new GemmOperand(a.Pointer, M, transposed: true), new GemmOperand(b.Pointer, K, transposed: true), one.Pointer, N, false);
        new Gemm(runner, useBlas: false).Multiply(M, N, K, new GemmOperand(a.Pointer, M, transposed: true), new GemmOperand(b.Pointer, K, transposed: true), two.Pointer, N, false);
        Assert.That(one.Span.ToArray(), Is.EqualTo(two.Span.ToArray()).Within(1e-4));
        Assert.That(OpenBlas.Threads, Is.EqualTo(2), "the pool follows the team");
        Assert.That(() => OpenBlas.Threads = 0, Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
