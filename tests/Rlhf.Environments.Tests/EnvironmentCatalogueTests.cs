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
    public void Ids_AreUnique() => Assert.That(EnvironmentCatalogue.Ids, Is.Unique);
}
