using Rlhf.Environments.Pixels;

namespace Rlhf.Environments.Tests;

public sealed class EnvironmentCatalogueTests
{
    [Test]
    public void Create_ListsTheIds_WhenNoneIsCalledSo() =>
        Assert.That(
            () => EnvironmentCatalogue.Create("hoper"),
            Throws.ArgumentException.With.Message.StartsWith("no environment is called 'hoper', expected one of ").And.Message.Contains("hopper, "));

    [Test]
    public void Create_RefusesAHorizonOfNothing() =>
        Assert.That(() => EnvironmentCatalogue.Create("pendulum", new EnvironmentOptions { Horizon = 0 }), Throws.ArgumentException.With.Message.Contains("horizon of 0"));

    [Test]
    public void Create_TakesTheHorizonFromTheOptions()
    {
        using IEnvironment environment = EnvironmentCatalogue.Create("pendulum", new EnvironmentOptions { Horizon = 33 });
        Assert.That(environment.Spec.Horizon, Is.EqualTo(33));
    }

    [Test]
    public void Create_WrapsAGame_AsTheOptionsSay()
    {
        var options = new EnvironmentOptions { Form = TaskForm.Standard, Horizon = 33, Pixels = new PixelOptions { FrameSkip = 2, HideEnds = true } };
        Assert.That(() => EnvironmentCatalogue.Create("pong", options with { Pixels = new PixelOptions { FrameSkip = 99 } }), Throws.ArgumentException.With.Message.Contains("FrameSkip is 99"));
        using IEnvironment environment = EnvironmentCatalogue.Create("pong", options), usual = EnvironmentCatalogue.Create("pong");
        Assert.That(environment.Spec.Horizon, Is.EqualTo(33));
        Assert.That((usual.Spec.ClipLength, usual.Spec.FramesPerSecond), Is.EqualTo((25, 15)), "1.7 seconds");
        Assert.That((environment.Spec.ClipLength, environment.Spec.FramesPerSecond), Is.EqualTo((50, 30)), "the same frames");
    }

    [TestCase("pendulum")]
    [TestCase("pong")]
    public void Drawable_IsWhatHasASceneOrFramesOfTheirSize(string id)
    {
        using IEnvironment environment = EnvironmentCatalogue.Create(id);
        EnvironmentSpec bare = environment.Spec with { Scene = string.Empty, ObservationShape = [4, 42, 84] };
        Assert.That((environment.Spec.IsDrawable, bare.IsDrawable), Is.EqualTo((true, false)));
    }

    [Test]
    public void Ids_AreUnique() => Assert.That(EnvironmentCatalogue.Ids, Is.Unique);
}
