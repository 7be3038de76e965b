namespace Rlhf.Preferences.Tests;

public sealed class LabelScheduleTests
{
    private static IEnumerable<LabelSchedule> Schedules()
    {
        foreach (LabelRate rate in Enum.GetValues<LabelRate>())
        {
            yield return LabelSchedule.Robotics(700, 3_000_000) with { Rate = rate };
            yield return LabelSchedule.Pixels(5500, 50_000_000) with { Rate = rate };
            yield return new LabelSchedule { Total = 7, Initial = 0, Horizon = 11, Scale = 2.5, Rate = rate };
            yield return new LabelSchedule { Total = 60, Initial = 60, Horizon = 1, Rate = rate };
        }
    }

    [TestCaseSource(nameof(Schedules))]
    public void LabelsAt_StartsAndEndsExactly_AndNeverFalls(LabelSchedule schedule)
    {
        Assert.That(schedule.LabelsAt(0), Is.EqualTo(schedule.Initial));
        Assert.That(schedule.LabelsAt(schedule.Horizon), Is.EqualTo(schedule.Total));
        Assert.That(schedule.LabelsAt(10 * schedule.Horizon), Is.EqualTo(schedule.Total));
        int last = schedule.Initial;
        for (int i = 0; i <= 1000; i++)
        {
            int labels = schedule.LabelsAt(schedule.Horizon * i / 1000);
            Assert.That(labels, Is.GreaterThanOrEqualTo(last));
            last = labels;
        }
    }

    [Test]
    public void LabelsAt_FollowsThePapersRate()
    {
        // With c = 2 and Tmax = 6 the integral of c/(T + c) is ln(1 + T/2), and ln 4 at the end: half of it at T = 2.
        LabelSchedule schedule = new() { Total = 1100, Initial = 100, Horizon = 6, Scale = 2 };
        Assert.That(schedule.LabelsAt(2), Is.EqualTo(600));
    }

    [Test]
    public void LabelsAt_OfAConstantRate_IsALine()
    {
        LabelSchedule schedule = new() { Total = 110, Initial = 10, Horizon = 1000, Rate = LabelRate.Constant };
        Assert.That(new long[] { 100, 500, 990 }.Select(schedule.LabelsAt), Is.EqualTo(new[] { 20, 60, 109 }));
    }

    [Test]
    public void LabelsAt_AsksEarlier_TheFasterTheRateFalls()
    {
        LabelSchedule paper = new() { Total = 1000, Initial = 0, Horizon = 10_000_000 };
        Assert.That(paper.LabelsAt(1_000_000), Is.GreaterThan((paper with { Rate = LabelRate.Constant }).LabelsAt(1_000_000)));
        Assert.That((paper with { Rate = LabelRate.InverseQuadratic }).LabelsAt(5_000_000), Is.GreaterThan(paper.LabelsAt(5_000_000)));
    }

    [TestCase(4)]
    [TestCase(1)]
    public void Pixels_CountFrames(int framesPerStep)
    {
        // Half of the integral to 15 million frames, ln 4, is reached at c = 5 million.
        LabelSchedule schedule = LabelSchedule.Pixels(1500, 15_000_000 / framesPerStep, framesPerStep);
        Assert.That(schedule.LabelsAt(5_000_000 / framesPerStep), Is.EqualTo(1000));
    }

    [Test]
    public void Initial_IsThePapers()
    {
        Assert.That(LabelSchedule.Robotics(700, 1).Initial, Is.EqualTo(175));
        Assert.That(LabelSchedule.Pixels(5500, 1).Initial, Is.EqualTo(500));
        Assert.That(LabelSchedule.Pixels(300, 1).Initial, Is.EqualTo(300));
    }

    [Test]
    public void LabelsAt_SaysWhatIsWrong()
    {
        Assert.That(
            () => new LabelSchedule { Total = 10, Initial = 11, Horizon = 5 }.LabelsAt(1),
            Throws.ArgumentException.With.Message.EqualTo("label schedule: 11 of 10 labels at the start, expected 0 to 10"));
        Assert.That(
            () => new LabelSchedule { Total = 10, Initial = 1, Horizon = 0 }.LabelsAt(1),
            Throws.ArgumentException.With.Message.EqualTo("label schedule: horizon 0, expected 1 or more"));
    }
}
