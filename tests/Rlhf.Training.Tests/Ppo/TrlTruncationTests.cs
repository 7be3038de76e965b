using Rlhf.Training.Ppo;

namespace Rlhf.Training.Tests.Ppo;

/// <summary>Where responses end, against recordings of TRL's own run.</summary>
[TestFixtureSource(typeof(TrlFixture), nameof(TrlFixture.Cases))]
internal sealed class TrlTruncationTests(string name)
{
    private TrlFixture _trl = null!;
    private RolloutBatch _batch = null!;

    [SetUp]
    public void Load()
    {
        _trl = new TrlFixture(name);
        _batch = _trl.Rollout();
    }

    [TearDown]
    public void Free()
    {
        _batch.Dispose();
        _trl.Dispose();
    }

    [Test]
    public void Truncation_MatchesTrl()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(TrlFixture.ToArray(_batch.Responses), Is.EqualTo(_trl.Integers("postprocessed_responses")));
            Assert.That(TrlFixture.ToArray(_batch.Lengths).Select(l => l - 1), Is.EqualTo(_trl.Integers("sequence_lengths")));
            Assert.That(TrlFixture.ToArray(_batch.HasEos).Select(e => e != 0), Is.EqualTo(_trl.Booleans("contain_eos_token")));
        }
    }

    [Test]
    public void Masks_AreTheNegationOfTrlsPaddingMasks()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(TrlFixture.ToArray(_batch.Mask).Select(m => m == 0), Is.EqualTo(_trl.Booleans("padding_mask")));
            Assert.That(TrlFixture.ToArray(_batch.ValueMask).Select(m => m == 0), Is.EqualTo(_trl.Booleans("padding_mask_p1")));
            Assert.That(TrlFixture.ToArray(_batch.Values), Is.EqualTo(_trl.Floats("values")));
        }
    }
}
