using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Tests.Memory;

public sealed class PhiloxTests
{
    // Known answers of Random123 for philox4x32-10.
    [TestCase(0ul, 0ul, 0ul, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [TestCase(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [TestCase(0x299f31d0a4093822ul, 0x85a308d3243f6a88ul, 0x0370734413198a2eul, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Generate_GivesTheKnownAnswers(ulong key, ulong low, ulong high, uint x0, uint x1, uint x2, uint x3) =>
        Assert.That(Philox.Generate(key, low, high), Is.EqualTo((x0, x1, x2, x3)));

    [Test]
    public void Uniform_StaysInRange_AndHasTheRightMoments()
    {
        const int N = 20_000;
        double[] narrow = [.. Enumerable.Range(0, N).Select(i => (double)Philox.Uniform(7, (ulong)i, 0))];
        double[] wide = [.. Enumerable.Range(0, N).Select(i => Philox.UniformDouble(7, (ulong)i, 0))];
        foreach (double[] draws in new[] { narrow, wide })
        {
            Assert.That(draws, Has.All.InRange(0.0, 1.0).And.None.EqualTo(1.0));
            Assert.That(draws.Average(), Is.EqualTo(0.5).Within(0.01));
            Assert.That(draws.Select(x => x * x).Average(), Is.EqualTo(1.0 / 3).Within(0.01));
        }

        Assert.That(narrow.Zip(wide, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(1.0 / (1 << 24)), "the same upper bits");
    }
}
