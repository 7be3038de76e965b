namespace Rlhf.Environments.ClassicControl;

/// <summary>Small worlds of a few equations: learning on them takes seconds.</summary>
internal sealed class ClassicControlFamily : IEnvironmentFamily
{
    public IReadOnlyList<string> Ids { get; } = [CartPole.Id, Pendulum.Id];

    public IEnvironment? Create(string id, EnvironmentOptions options) => id switch
    {
        CartPole.Id => new CartPole(options),
        Pendulum.Id => new Pendulum(options),
        _ => null,
    };
}
