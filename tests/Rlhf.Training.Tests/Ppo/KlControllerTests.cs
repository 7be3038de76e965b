using Rlhf.Training.Ppo;

namespace Rlhf.Training.Tests.Ppo;

internal sealed class KlControllerTests
{
    [Test]
    public void Coefficient_FollowsLmHumanPreferencesController()
    {
        using var fixture = new TrlFixture("kl_controller");
        float[] kl = fixture.Floats("current_kl");
        int[] episodes = fixture.Integers("n_steps");
        double[] expected = fixture.Doubles("kl_coef");
        var controller = new KlController(
            fixture.Argument("init_kl_coef").GetDouble(), fixture.Argument("target").GetDouble(), fixture.Argument("horizon").GetDouble());
        for (int i = 0; i < kl.Length; i++)
        {
            controller.Update(kl[i], episodes[i]);
            Assert.That(controller.Coefficient, Is.EqualTo(expected[i]).Within(1e-10 * expected[i]), $"update {i}");
        }
    }

    [Test]
    public void Coefficient_StaysWithoutTarget()
    {
        var controller = new KlController(0.05);
        controller.Update(100, 64);
        Assert.That(controller.Coefficient, Is.EqualTo(0.05));
    }
}
