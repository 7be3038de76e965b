using Rlhf.Preferences;
using Rlhf.Training.PreferenceLearning;
using Numbers = Rlhf.TestSupport.Data;

namespace Rlhf.Training.Tests.PreferenceLearning;

internal sealed class StoredLabelsTests
{
    [Test]
    public void Correlation_IsThatOfSteps_AndThatOfSums()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("rlhf-stored-labels-");
        try
        {
            using var store = new PreferenceStore(Path.Combine(folder.FullName, "labels.db"));
            long run = store.AddRun(new PreferenceRun { Name = "toy", Environment = "toy", Instructions = "more is better", FramesPerSecond = 8 });
            long[] segments = [.. Enumerable.Range(0, 12).Select(i => AddSegment(store, run, i))];
            foreach (long[] pair in segments.Chunk(2))
                store.AddQuery(new Query { RunId = run, Items = pair });
            long oracle = store.AddOracle("oracle").Id;
            while (store.Claim(oracle, run) is { } claim)
                store.Answer(claim.Id, oracle, Judgement.Of(Answer.Left));

            var data = new StoredLabels(store, run, Toy.Input);
            using RewardEnsemble ensemble = Toy.Ensemble(data.Pairs, members: 1);
            Assert.That(data.Correlate(ensemble, data.Pairs), Is.EqualTo((double.NaN, double.NaN)), "the true rewards are not known");

            // What the model says of each step, but of each clip back to front: the same sums.
            var book = new TrueRewardBook(store);
            foreach (long id in segments)
            {
                float[] rewards = new float[Toy.ClipLength];
                ensemble.Predict([new RewardClip(Toy.Input, store.GetSegment(id))], rewards);
                book.Add(id, [.. rewards.Reverse()]);
            }

            (double steps, double clips) = data.Correlate(ensemble, data.Pairs);
            Assert.That(clips, Is.EqualTo(1).Within(1e-4));
            Assert.That(steps, Is.LessThan(0.9));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static long AddSegment(PreferenceStore store, long run, int seed) => store.AddSegment(new Segment
    {
        RunId = run,
        Step = seed,
        Length = Toy.ClipLength,
        ObservationShape = Toy.Spec.ObservationShape,
        Observations = Numbers.Normal(seed, 2 * Toy.ClipLength, 1),
        Actions = Numbers.Normal(seed + 100, Toy.ClipLength, 0.3),
    });
}
