namespace Rlhf.Environments.Tests;

public sealed class ActionSpaceTests
{
    [Test]
    public void Discrete_TakesAnIndexAndNeedsALogitAChoice()
    {
        var space = ActionSpace.Discrete(6);
        Assert.That((space.IsDiscrete, space.Length, space.PolicyOutputs), Is.EqualTo((true, 1, 6)));
    }

    [Test]
    public void Box_TakesAndNeedsANumberACoordinate()
    {
        var space = ActionSpace.Box(3, -2, 2);
        Assert.That((space.IsDiscrete, space.Length, space.PolicyOutputs), Is.EqualTo((false, 3, 3)));
        Assert.That(space.Low, Is.All.EqualTo(-2f));
        Assert.That(space.High, Is.All.EqualTo(2f));
    }

    [Test]
    public void Box_NamesTheCoordinate_ThatIsEmpty() =>
        Assert.That(() => ActionSpace.Box([-1, 1], [1, 1]), Throws.ArgumentException.With.Message.Contains("coordinate 1"));

    [Test]
    public void Discrete_RefusesNoChoice() => Assert.That(() => ActionSpace.Discrete(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
}
