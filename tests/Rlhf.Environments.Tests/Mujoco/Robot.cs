using Rlhf.Environments.Mujoco;

namespace Rlhf.Environments.Tests.Mujoco;

/// <summary>Robots in the form that a test needs; skips it where MuJoCo is missing.</summary>
internal static class Robot
{
    public static MujocoEnvironment Create(string id, TaskForm form, int? horizon = null)
    {
        Require();
        return (MujocoEnvironment)EnvironmentCatalogue.Create(id, new EnvironmentOptions { Form = form, Horizon = horizon });
    }

    public static void Require()
    {
        if (MujocoLibrary.UnavailableReason is { } reason)
            Assert.Ignore(reason);
    }
}
