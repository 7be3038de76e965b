using Rlhf.Kernels.Memory;

namespace Rlhf.Environments.Tests;

public sealed class VectorEnvironmentTests
{
    [Test]
    public void Step_ResetsWhatEndedAndKeepsItsLastObservation()
    {
        using var vector = new VectorEnvironment([new ScriptedEnvironment { TerminateAt = 3 }, new ScriptedEnvironment()], 1, seed: 7);
        using var actions = new HostBuffer<float>([1f, 2f]);
        vector.Reset();
        float firstSeed = vector.Observations[0, 0];
        for (int step = 0; step < 3; step++)
            vector.Step(actions.View(2));

        using (Assert.EnterMultipleScope())
        {
            Assert.That((vector.Terminated[0], vector.Truncated[0]), Is.EqualTo(((byte)1, (byte)0)));
            Assert.That(vector.FinalObservations[0, 1], Is.EqualTo(3f));
            Assert.That(vector.FinalObservations[0, 0], Is.EqualTo(firstSeed));
            Assert.That(vector.Observations[0, 1], Is.Zero);
            Assert.That(vector.Observations[0, 0], Is.Not.EqualTo(firstSeed), "the next episode has a seed of its own");
            Assert.That((vector.Terminated[1], vector.Truncated[1]), Is.EqualTo(((byte)0, (byte)0)));
            Assert.That((vector.Episode(0), vector.Episode(1)), Is.EqualTo((1L, 0L)));
            Assert.That(vector.EpisodeStatistics.LastReturn, Is.EqualTo(3));
        }
    }

    [Test]
    public void Reset_StartsEveryEnvironment_FromASeedOfItsOwn()
    {
        using var vector = new VectorEnvironment([.. Enumerable.Range(0, 300).Select(_ => new ScriptedEnvironment())], 1, seed: 7);
        vector.Reset();
        Assert.That(Enumerable.Range(0, 300).Select(i => vector.Observations[i, 0]), Is.Unique);
    }

    [Test]
    public void Step_TruncatesAtTheHorizon()
    {
        using var vector = new VectorEnvironment([new ScriptedEnvironment()], 1, seed: 7);
        using var actions = new HostBuffer<float>([1f]);
        vector.Reset();
        for (int step = 0; step < 5; step++)
            vector.Step(actions.View(1));
        Assert.That((vector.Terminated[0], vector.Truncated[0]), Is.EqualTo(((byte)0, (byte)1)));
        Assert.That(vector.EpisodeStatistics.Take(), Is.EqualTo(new EpisodeSummary(1, 5, 5, 5, 5)));
        Assert.That(vector.EpisodeStatistics.Take().Count, Is.Zero);
    }

    [Test]
    public void Step_EndsCountsAndReportsTheEpisode_WhoseObservationIsNan()
    {
        using var vector = new VectorEnvironment([new ScriptedEnvironment(), new ScriptedEnvironment { NanAt = 2 }], 2, seed: 7);
        using var actions = new HostBuffer<float>([1f, 1f]);
        vector.Reset();
        vector.Step(actions.View(2));
        vector.Step(actions.View(2));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(vector.Diverged, Is.EqualTo(1));
            Assert.That(vector.Terminated[1], Is.EqualTo(1));
            Assert.That(vector.FinalObservations[1, 1], Is.EqualTo(1f), "the last finite observation");
            Assert.That(vector.Observations[1, 1], Is.Zero, "the next episode's first");
            Assert.That(vector.LastDivergence, Does.Contain("environment 1 (scripted), episode 0, step 2"));
        }
    }

    [Test]
    public void Step_ThrowsWhatAnEnvironmentThrew_FromAnyThread([Values(1, 3)] int threads)
    {
        using var vector = new VectorEnvironment(
            [new ScriptedEnvironment(), new ScriptedEnvironment(), new ScriptedEnvironment { ThrowAt = 1 }], threads, seed: 7);
        using var actions = new HostBuffer<float>(3);
        vector.Reset();
        Assert.That(() => vector.Step(actions.View(3)), Throws.InvalidOperationException.With.Message.EqualTo("scripted to throw"));
    }

    [Test]
    public void Step_NamesBothShapes_WhenActionsDoNotFit()
    {
        using var vector = new VectorEnvironment([new ScriptedEnvironment()], 1, seed: 7);
        using var actions = new HostBuffer<float>(4);
        vector.Reset();
        Assert.That(() => vector.Step(actions.View(2, 2)), Throws.ArgumentException.With.Message.Contains("[2, 2], expected [1, 1]"));
    }

    [Test]
    public void Step_Throws_BeforeTheFirstReset()
    {
        using var vector = new VectorEnvironment([new ScriptedEnvironment()], 1, seed: 7);
        using var actions = new HostBuffer<float>(1);
        Assert.That(() => vector.Step(actions.View(1)), Throws.InvalidOperationException.With.Message.Contains("Reset"));
    }

    [Test]
    public void Reset_GivesTheSameEpisodeByItsNumber()
    {
        using var vector = new VectorEnvironment([new ScriptedEnvironment(), new ScriptedEnvironment()], 1, seed: 7);
        vector.Reset();
        (float A, float B) first = (vector.Observations[0, 0], vector.Observations[1, 0]);
        vector.Reset();
        Assert.That((vector.Observations[0, 0], vector.Observations[1, 0]), Is.Not.EqualTo(first));
        vector.Reset(0);
        Assert.That((vector.Observations[0, 0], vector.Observations[1, 0]), Is.EqualTo(first));
        Assert.That(first.A, Is.Not.EqualTo(first.B), "each environment has seeds of its own");
    }

    [Test]
    public void Constructor_RefusesOtherShapes()
    {
        using var cartPole = EnvironmentCatalogue.Create("cartpole");
        using var pendulum = EnvironmentCatalogue.Create("pendulum");
        Assert.That(() => new VectorEnvironment([cartPole, pendulum], 1, 1), Throws.ArgumentException.With.Message.Contains("environment 1 (pendulum)"));
    }

    [Test]
    public void Dispose_DisposesTheEnvironments()
    {
        var environment = new ScriptedEnvironment();
        new VectorEnvironment([environment], 1, 1).Dispose();
        Assert.That(environment.Disposed);
    }

    [TestCase("cartpole")]
    [TestCase("pendulum")]
    public void Bits_AreTheSame_ForAnyNumberOfThreads(string id)
    {
        List<float> one = Rollout.Record(() => EnvironmentCatalogue.Create(id), 5, 1, 3, 250);
        List<float> three = Rollout.Record(() => EnvironmentCatalogue.Create(id), 5, 3, 3, 250);
        Assert.That(three, Is.EqualTo(one));
        Assert.That(Rollout.Record(() => EnvironmentCatalogue.Create(id), 5, 1, 4, 250), Is.Not.EqualTo(one), "another seed, other bits");
    }

    [Test]
    public void Step_AllocatesNothing()
    {
        using var vector = new VectorEnvironment([.. Enumerable.Range(0, 4).Select(_ => EnvironmentCatalogue.Create("cartpole"))], 2, 3);
        using var actions = new HostBuffer<float>(4);
        vector.Reset();
        long bytes = Allocations.Least(() =>
        {
            for (int step = 0; step < 200; step++)
                vector.Step(actions.View(4));
        });
        Assert.That(bytes, Is.Zero);
        Assert.That(vector.EpisodeStatistics.Finished, Is.GreaterThanOrEqualTo(8), "episodes ended on the way");
    }
}
