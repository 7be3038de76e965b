using NUnit.Framework.Internal;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Conformance.KnownBugs;

/// <summary>Each check of Bug01 … Bug12 passes on the processor's kernels and fails on a twin of them that has the bug.</summary>
public sealed class BuggyTwinTests
{
    [Test]
    public void Bug01_Twin_IsCaught([Values(1, 2, 31, 33, 500, 507, 50257)] int vocab, [Values("all_negative", "peaked", "normal")] string kind) =>
        IsCaught(new Bug01PaddedVocabularyTests.Twin(), kernels => Bug01PaddedVocabularyTests.Check(kernels, vocab, kind));

    [Test]
    public void Bug02_Twin_IsCaught([Values(-1e2f, -1e4f)] float offset, [Values(33, 4099)] int vocab) =>
        IsCaught(new Bug02RunningMaximumTests.Twin(), kernels => Bug02RunningMaximumTests.Check(kernels, offset, vocab));

    [Test]
    public void Bug03_Twin_IsCaught([Values(0, 3)] int stride, [Values] bool entropy) =>
        IsCaught(new Bug03UpstreamStrideTests.Twin(entropy), kernels => Bug03UpstreamStrideTests.Check(kernels, stride, entropy));

    [Test]
    public void Bug04_Twin_IsCaught([Values] bool firstIsZero) =>
        IsCaught(new Bug04UpstreamOfEachTokenTests.Twin(), kernels => Bug04UpstreamOfEachTokenTests.Check(kernels, firstIsZero));

    [Test]
    public void Bug05_Twin_IsCaught([Values(0.9, 0.99, 0.999, 1 - 1e-6)] double probability, [Values(2, 100, 5000)] int vocab, [Values] bool ppo) =>
        IsCaught(new Bug05SelectedEntryTests.Twin(ppo), kernels => Bug05SelectedEntryTests.Check(kernels, probability, vocab));

    [Test]
    public void Bug06_Twin_IsCaught() => IsCaught(new Bug06WeightGradientTests.Twin(), Bug06WeightGradientTests.Check);

    [Test]
    public void Bug07_Twin_IsCaught([Values("forward", "backward", "ppo")] string call)
    {
        IsCaught(new Bug07WideOffsetsTests.Twin(), kernels => Bug07WideOffsetsTests.Check<float>(kernels, call));
        IsCaught(new Bug07WideOffsetsTests.Twin(), kernels => Bug07WideOffsetsTests.Check<BFloat16>(kernels, call));
    }

    [Test]
    public void Bug08_Twin_IsCaught([Values("forward", "backward", "ppo")] string kernel) =>
        IsCaught(new Bug08ManyRowsTests.Twin(kernel), kernels => Bug08ManyRowsTests.Check(kernels, 65536));

    [Test]
    public void Bug09_Twin_IsCaught([Values(0f, 5f)] float cap, [Values] bool ppo)
    {
        IsCaught(new Bug09InPlaceGradientTests.Twin(), kernels => Bug09InPlaceGradientTests.Check<float>(kernels, cap, ppo));
        IsCaught(new Bug09InPlaceGradientTests.Twin(), kernels => Bug09InPlaceGradientTests.Check<BFloat16>(kernels, cap, ppo));
    }

    [Test]
    public void Bug10_Twin_IsCaught([Values("masked_third", "one_finite")] string kind, [Values] bool backward) =>
        IsCaught(new Bug10MaskedLogitsTests.Twin(backward), kernels => Bug10MaskedLogitsTests.Check(kernels, kind));

    [Test]
    public void Bug11_Twin_IsCaught([Values(50f, 88f, 100f, 1e4f)] float distance) =>
        IsCaught(new Bug11ExtremeRatioTests.Twin(), kernels => Bug11ExtremeRatioTests.Check(kernels, distance));

    [Test]
    public void Bug11_TwinOfK3_IsCaught([Values(100f, 1e4f)] float distance) =>
        IsCaught(new Bug11ExtremeRatioTests.Twin(), kernels => Bug11ExtremeRatioTests.CheckK3(kernels, distance));

    [Test]
    public void Bug12_Twin_IsCaught([Values(0, 1, 5)] int n) =>
        IsCaught(new Bug12NothingCountedTests.Twin(), kernels => Bug12NothingCountedTests.Check(kernels, n, oneValid: false));

    private static void IsCaught(DelegatingKernels twin, Action<IKernels> check)
    {
        check(DelegatingKernels.Correct);
        Assert.That(Fails(twin, check), $"the check passes on {twin.GetType().DeclaringType!.Name}'s twin: its data cannot tell the bug");
    }

    // A context of its own, so that the expected failures are not this test's; one inside Assert.Multiple ends in the same exception.
    private static bool Fails(DelegatingKernels twin, Action<IKernels> check)
    {
        using (new TestExecutionContext.IsolatedContext())
        {
            try
            {
                check(twin);
                return TestExecutionContext.CurrentContext.CurrentResult.PendingFailures > 0;
            }
            catch (ResultStateException failure)
            {
                return failure.ResultState.Status == NUnit.Framework.Interfaces.TestStatus.Failed;
            }
        }
    }
}
