using Rlhf.Kernels.Conformance.Sequence;
using Rlhf.Kernels.Memory;
using Rlhf.TestSupport;

namespace Rlhf.Kernels.Conformance.Shapes;

/// <summary>
/// The row kernels (log-prob forward and backward, the policy loss from logits) at the shapes that vector widths, blocks and grids
/// make special, in every storage type of the backend. Rows 2^31 elements apart and f32 at 70,000 rows: Bug07 and Bug08.
/// </summary>
[TestFixtureSource(typeof(Backends), nameof(Backends.All))]
public sealed class LogitShapeTests(IKernels kernels)
{
    [Test]
    public void SmallVocabularies_MatchReference([Values(1, 2, 31, 33, 500, 507)] int vocab) =>
        CheckAll([.. LogitRows.Kinds.Append("certain").Select((kind, i) => LogitRows.Make(kind, i, vocab))], vocab);

    [Test]
    public void RealVocabularies_MatchReference([Values(50257, 128256, 151936)] int vocab)
    {
        SmallOnly.SkipEmulated(kernels, vocab);
        CheckAll([.. new[] { "masked_third", "certain", "minus_1e4" }.Select((kind, i) => LogitRows.Make(kind, i, vocab))], vocab);
    }

    [Test]
    public void ARowOfOnlyMinusInfinity_IsNaN_AndItsNeighboursAreNot([Values(1, 33, 507, 4100)] int vocab)
    {
        RowBatch<float>.CheckHopelessRow(kernels, vocab);
        RowBatch<BFloat16>.CheckHopelessRow(kernels, vocab);
    }

    [Test]
    public void FewRows_MatchReference([Values(0, 1)] int n) => CheckAll([.. Enumerable.Range(0, n).Select(i => LogitRows.Make("normal", i, 77))], 77);

    [Test]
    public void ManyRows_MatchReference()
    {
        const int N = 70000, V = 3;
        SmallOnly.SkipEmulated(kernels, N);
        float[] values = Data.Normal(1, N * V);
        using var batch = new RowBatch<BFloat16>([.. Enumerable.Range(0, N).Select(row => values[(row * V)..((row + 1) * V)])], V);
        batch.CheckPpo(kernels);
        if (kernels is CpuKernels)
        {
            // An emulated grid of so many blocks takes seconds: one kernel, which does what the other two do.
            batch.CheckForward(kernels);
            batch.CheckBackward(kernels);
        }
    }

    private void CheckAll(float[][] rows, int vocab)
    {
        Check<float>(rows, vocab);
        Check<BFloat16>(rows, vocab);
        if (kernels is not CpuKernels)
        {
            Check<Half>(rows, vocab);
        }
    }

    private void Check<T>(float[][] rows, int vocab)
        where T : unmanaged
    {
        using var batch = new RowBatch<T>(rows, vocab);
        batch.CheckForward(kernels);
        batch.CheckBackward(kernels);
        batch.CheckPpo(kernels);
    }
}
