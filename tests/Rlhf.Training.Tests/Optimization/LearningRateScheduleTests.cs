using Rlhf.Training.Optimization;

namespace Rlhf.Training.Tests.Optimization;

[TestFixture]
internal sealed class LearningRateScheduleTests
{
    [Test]
    public void At_IsPeakTimesRemainingShare_Linear()
    {
        var schedule = new LearningRateSchedule { Peak = 4e-3, TotalSteps = 4 };

        float[] rates = [.. Enumerable.Range(0, 6).Select(schedule.At)];

        Assert.That(rates, Is.EqualTo(new[] { 4e-3f, 3e-3f, 2e-3f, 1e-3f, 0f, 0f }).Within(1e-9f));
    }

    [Test]
    public void At_EndsAtFloor_Cosine()
    {
        var schedule = new LearningRateSchedule { Peak = 1, TotalSteps = 100, Kind = ScheduleKind.Cosine, Floor = 0.1 };

        Assert.Multiple(() =>
        {
            Assert.That(schedule.At(0), Is.EqualTo(1f));
            Assert.That(schedule.At(50), Is.EqualTo(0.55f).Within(1e-6f));
            Assert.That(schedule.At(25), Is.EqualTo(0.1f + (0.9f * 0.5f * (1f + MathF.Sqrt(0.5f)))).Within(1e-6f));
            Assert.That(schedule.At(100), Is.EqualTo(0.1f).Within(1e-6f));
        });
    }

    [Test]
    public void At_RisesFromShareOfPeakAndStays_ConstantWithWarmup()
    {
        var schedule = new LearningRateSchedule { Peak = 2, TotalSteps = 50, Kind = ScheduleKind.Constant, WarmupSteps = 10, WarmupFrom = 0.1 };

        Assert.Multiple(() =>
        {
            Assert.That(schedule.At(0), Is.EqualTo(0.2f).Within(1e-6f));
            Assert.That(schedule.At(5), Is.EqualTo(1.1f).Within(1e-6f));
            Assert.That(schedule.At(10), Is.EqualTo(2f));
            Assert.That(schedule.At(49), Is.EqualTo(2f));
        });
    }

    [Test]
    public void At_FallsFromWhereTheWarmupEnds_Linear()
    {
        var schedule = new LearningRateSchedule { Peak = 1, TotalSteps = 30, WarmupSteps = 10 };

        Assert.That(new[] { schedule.At(0), schedule.At(5), schedule.At(10), schedule.At(20) }, Is.EqualTo(new[] { 0f, 0.5f, 1f, 0.5f }).Within(1e-6f));
    }
}
