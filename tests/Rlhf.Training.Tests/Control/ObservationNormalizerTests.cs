using Rlhf.Kernels.Memory;
using Rlhf.Training.Control;

namespace Rlhf.Training.Tests.Control;

internal sealed class ObservationNormalizerTests
{
    [Test]
    public void Normalize_GivesMeanZeroAndDeviationOne()
    {
        var normalizer = new ObservationNormalizer(1);
        using var rows = new HostBuffer<float>([1, 3, 5, 7]);

        normalizer.Update(rows.View(4, 1));
        normalizer.Normalize(rows.View(4, 1), rows.View(4, 1));

        float deviation = MathF.Sqrt(5);
        Assert.That(rows.Span.ToArray(), Is.EqualTo(new[] { -3 / deviation, -1 / deviation, 1 / deviation, 3 / deviation }).Within(1e-6));
    }

    [Test]
    public void Normalize_ClipsAtTen()
    {
        var normalizer = new ObservationNormalizer(1);
        using var rows = new HostBuffer<float>([-1e6f, 9.5f, 11]);

        normalizer.Normalize(rows.View(3, 1), rows.View(3, 1));

        Assert.That(rows.Span.ToArray(), Is.EqualTo(new[] { -10, 9.5f, 10 }));
    }

    [Test]
    public void Normalize_KeepsNaN_ForThoseWhoLookForIt()
    {
        using var rows = new HostBuffer<float>([float.NaN]);

        new ObservationNormalizer(1).Normalize(rows.View(1, 1), rows.View(1, 1));

        Assert.That(rows.Span[0], Is.NaN);
    }
}
