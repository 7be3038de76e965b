using Rlhf.Kernels.Memory;
using Rlhf.Training.Control;

namespace Rlhf.Training.Tests.Control;

internal sealed class RunningMomentsTests
{
    [Test]
    public void Update_GivesTheMomentsOfAllRows_HoweverTheyCome()
    {
        var random = new Random(1);
        float[][] rows = [.. Enumerable.Range(0, 1000).Select(_ => new[] { (float)(1e4 + random.NextDouble()), (float)random.NextDouble() - 3 })];
        var moments = new RunningMoments(2);

        foreach (int[] part in (int[][])[[0, 1], [1, 2], [2, 700], [700, 700], [700, 1000]])
        {
            using var buffer = new HostBuffer<float>([.. rows[part[0]..part[1]].SelectMany(row => row)]);
            moments.Update(buffer.View(part[1] - part[0], 2));
        }

        Assert.Multiple(() =>
        {
            Assert.That(moments.Count, Is.EqualTo(1000));
            for (int column = 0; column < 2; column++)
            {
                double mean = rows.Average(row => (double)row[column]), variance = rows.Average(row => (row[column] - mean) * (row[column] - mean));
                Assert.That(moments.Mean(column), Is.EqualTo(mean).Within(1e-9));
                Assert.That(moments.Variance(column), Is.EqualTo(variance).Within(1e-9));
            }
        });
    }

    [Test]
    public void Variance_IsOne_BeforeTheFirstRow() => Assert.That(new RunningMoments(1).Variance(0), Is.EqualTo(1));
}
