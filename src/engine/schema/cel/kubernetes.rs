//! Kubernetes' own libraries: URLs, addresses, networks, quantities, versions, formats.

use core::net::{IpAddr, Ipv6Addr};
use std::rc::Rc;

use super::{
    Fail,
    quantity::Quantity,
    semver::Semver,
    standard::{made_map, tenth, texts},
    table::{Function, Meter, Overload, P, global, member},
    value::{Answer, Val},
};
use crate::engine::schema::{
    formats::Format,
    go_url::{self, Url},
    names,
};

const URL: P = P::Opaque("kubernetes.URL");
const QUANTITY: P = P::Opaque("kubernetes.Quantity");
const SEMVER: P = P::Opaque("kubernetes.Semver");
const FORMAT: P = P::Opaque("kubernetes.NamedFormat");
const IP: P = P::Opaque("net.IP");
const CIDR: P = P::Opaque("net.CIDR");
const TEXTS: P = P::List(&P::Text);
const OF_URL: &[Overload] = &[member(&[URL], P::Text)];
const OF_IP: &[Overload] = &[member(&[IP], P::Bool)];
const IS: &[Overload] = &[global(&[P::Text], P::Bool)];
const OF_SEMVER: &[Overload] = &[member(&[SEMVER], P::Int)];
const NO_ARGUMENT: &[Overload] = &[global(&[], FORMAT)];

#[rustfmt::skip]
pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "url", run: url, overloads: &[global(&[P::Text], URL)] },
    Function { name: "isURL", run: |args, meter| is(args, meter, go_url::is_request_uri), overloads: IS },
    Function { name: "getScheme", run: |args, _| of_url(args, |url| Val::text(url.scheme.as_str())), overloads: OF_URL },
    Function { name: "getHost", run: |args, _| of_url(args, |url| Val::text(url.host.as_str())), overloads: OF_URL },
    Function { name: "getHostname", run: |args, _| of_url(args, |url| Val::text(url.hostname())), overloads: OF_URL },
    Function { name: "getPort", run: |args, _| of_url(args, |url| Val::text(url.port())), overloads: OF_URL },
    Function { name: "getEscapedPath", run: |args, _| of_url(args, |url| Val::text(url.escaped_path.as_str())), overloads: OF_URL },
    Function { name: "getQuery", run: query, overloads: &[member(&[URL], P::Map(&P::Text, &TEXTS))] },
    Function { name: "ip", run: ip, overloads: &[global(&[P::Text], IP), member(&[CIDR], IP)] },
    Function { name: "isIP", run: |args, meter| is(args, meter, |text| parse_ip(text).is_ok()), overloads: IS },
    Function { name: "ip.isCanonical", run: is_canonical, overloads: IS },
    Function { name: "family", run: family, overloads: &[member(&[IP], P::Int)] },
    Function { name: "isUnspecified", run: |args, _| of_ip(args, IpAddr::is_unspecified), overloads: OF_IP },
    Function { name: "isLoopback", run: |args, _| of_ip(args, IpAddr::is_loopback), overloads: OF_IP },
    Function { name: "isLinkLocalMulticast", run: |args, _| of_ip(args, is_link_local_multicast), overloads: OF_IP },
    Function { name: "isLinkLocalUnicast", run: |args, _| of_ip(args, is_link_local_unicast), overloads: OF_IP },
    Function { name: "isGlobalUnicast", run: |args, _| of_ip(args, is_global_unicast), overloads: OF_IP },
    Function { name: "cidr", run: cidr, overloads: &[global(&[P::Text], CIDR)] },
    Function { name: "isCIDR", run: |args, meter| is(args, meter, |text| parse_cidr(text).is_ok()), overloads: IS },
    Function { name: "containsIP", run: contains_ip, overloads: &[member(&[CIDR, P::Text], P::Bool), member(&[CIDR, IP], P::Bool)] },
    Function { name: "containsCIDR", run: contains_cidr, overloads: &[member(&[CIDR, P::Text], P::Bool), member(&[CIDR, CIDR], P::Bool)] },
    Function { name: "prefixLength", run: prefix_length, overloads: &[member(&[CIDR], P::Int)] },
    Function { name: "masked", run: masked, overloads: &[member(&[CIDR], CIDR)] },
    Function { name: "string", run: text_of, overloads: &[global(&[IP], P::Text), global(&[CIDR], P::Text)] },
    Function { name: "quantity", run: quantity, overloads: &[global(&[P::Text], QUANTITY)] },
    Function { name: "isQuantity", run: |args, meter| is(args, meter, |text| Quantity::new(text).is_ok()), overloads: IS },
    Function { name: "sign", run: |args, _| of_quantity(args, |quantity| Ok(Val::Int(quantity.sign()))), overloads: &[global(&[QUANTITY], P::Int)] },
    Function { name: "asApproximateFloat", run: |args, _| of_quantity(args, |quantity| Ok(Val::Double(quantity.as_float()))), overloads: &[member(&[QUANTITY], P::Double)] },
    Function { name: "isInteger", run: |args, _| of_quantity(args, |quantity| Ok(Val::Bool(quantity.as_int().is_some()))), overloads: &[member(&[QUANTITY], P::Bool)] },
    Function { name: "asInteger", run: |args, _| of_quantity(args, |quantity| quantity.as_int().map(Val::Int).ok_or_else(|| Fail::new("cannot convert value to integer"))), overloads: &[member(&[QUANTITY], P::Int)] },
    Function { name: "add", run: |args, _| plus(args, Quantity::add), overloads: &[member(&[QUANTITY, QUANTITY], QUANTITY), member(&[QUANTITY, P::Int], QUANTITY)] },
    Function { name: "sub", run: |args, _| plus(args, Quantity::subtract), overloads: &[member(&[QUANTITY, QUANTITY], QUANTITY), member(&[QUANTITY, P::Int], QUANTITY)] },
    Function { name: "isGreaterThan", run: |args, _| compare(args, |sign| Val::Bool(sign > 0)), overloads: &[member(&[QUANTITY, QUANTITY], P::Bool), member(&[SEMVER, SEMVER], P::Bool)] },
    Function { name: "isLessThan", run: |args, _| compare(args, |sign| Val::Bool(sign < 0)), overloads: &[member(&[QUANTITY, QUANTITY], P::Bool), member(&[SEMVER, SEMVER], P::Bool)] },
    Function { name: "compareTo", run: |args, _| compare(args, Val::Int), overloads: &[member(&[QUANTITY, QUANTITY], P::Int), member(&[SEMVER, SEMVER], P::Int)] },
    Function { name: "semver", run: semver, overloads: &[global(&[P::Text], SEMVER), global(&[P::Text, P::Bool], SEMVER)] },
    Function { name: "isSemver", run: is_semver, overloads: &[global(&[P::Text], P::Bool), global(&[P::Text, P::Bool], P::Bool)] },
    Function { name: "major", run: |args, _| number(args, 0), overloads: OF_SEMVER },
    Function { name: "minor", run: |args, _| number(args, 1), overloads: OF_SEMVER },
    Function { name: "patch", run: |args, _| number(args, 2), overloads: OF_SEMVER },
    Function { name: "format.named", run: named, overloads: &[global(&[P::Text], P::Optional(&FORMAT))] },
    Function { name: "format.dns1123Label", run: |_, _| Ok(Val::Format("dns1123Label")), overloads: NO_ARGUMENT },
    Function { name: "format.dns1123Subdomain", run: |_, _| Ok(Val::Format("dns1123Subdomain")), overloads: NO_ARGUMENT },
    Function { name: "format.dns1035Label", run: |_, _| Ok(Val::Format("dns1035Label")), overloads: NO_ARGUMENT },
    Function { name: "format.qualifiedName", run: |_, _| Ok(Val::Format("qualifiedName")), overloads: NO_ARGUMENT },
    Function { name: "format.dns1123LabelPrefix", run: |_, _| Ok(Val::Format("dns1123LabelPrefix")), overloads: NO_ARGUMENT },
    Function { name: "format.dns1123SubdomainPrefix", run: |_, _| Ok(Val::Format("dns1123SubdomainPrefix")), overloads: NO_ARGUMENT },
    Function { name: "format.dns1035LabelPrefix", run: |_, _| Ok(Val::Format("dns1035LabelPrefix")), overloads: NO_ARGUMENT },
    Function { name: "format.labelValue", run: |_, _| Ok(Val::Format("labelValue")), overloads: NO_ARGUMENT },
    Function { name: "format.uri", run: |_, _| Ok(Val::Format("uri")), overloads: NO_ARGUMENT },
    Function { name: "format.uuid", run: |_, _| Ok(Val::Format("uuid")), overloads: NO_ARGUMENT },
    Function { name: "format.byte", run: |_, _| Ok(Val::Format("byte")), overloads: NO_ARGUMENT },
    Function { name: "format.date", run: |_, _| Ok(Val::Format("date")), overloads: NO_ARGUMENT },
    Function { name: "format.datetime", run: |_, _| Ok(Val::Format("datetime")), overloads: NO_ARGUMENT },
    Function { name: "validate", run: validate, overloads: &[member(&[FORMAT, P::Text], P::Optional(&TEXTS))] },
];

/// What is wrong with a text by a format.
type Faults = fn(&str) -> Vec<String>;

const NAMED: &[(&str, Faults)] = &[
    ("dns1123Label", names::label),
    ("dns1123Subdomain", names::subdomain),
    ("dns1035Label", names::label_1035),
    ("qualifiedName", names::qualified),
    ("dns1123LabelPrefix", |text| names::label(&names::prefix(text))),
    ("dns1123SubdomainPrefix", |text| {
        names::subdomain(&names::prefix(text))
    }),
    ("dns1035LabelPrefix", |text| {
        names::label_1035(&names::prefix(text))
    }),
    ("labelValue", names::label_value),
    ("uri", |text| Url::new(text).err().into_iter().collect()),
    ("uuid", |text| {
        unless(Format::Uuid(0).holds(text), "does not match the UUID format")
    }),
    ("byte", |text| unless(Format::Byte.holds(text), "invalid base64")),
    ("date", |text| unless(Format::Date.holds(text), "invalid date")),
    ("datetime", |text| {
        unless(Format::DateTime.holds(text), "invalid datetime")
    }),
];

fn unless(holds: bool, fault: &str) -> Vec<String> {
    if holds { Vec::new() } else { vec![fault.to_owned()] }
}

fn is<'a>(args: &[Val<'a>], meter: &mut Meter<'_>, holds: fn(&str) -> bool) -> Answer<'a> {
    let [Val::Text(text)] = args else {
        return Err(Fail::overload());
    };
    meter.spend(tenth(text.len()))?;
    Ok(Val::Bool(holds(text)))
}

fn url<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let [Val::Text(text)] = args else {
        return Err(Fail::overload());
    };
    meter.spend(tenth(text.len()))?;
    Url::new(text)
        .map(|url| Val::Url(Rc::new(url)))
        .map_err(|error| Fail::new(format!("URL parse error during conversion from string: {error}")))
}

fn of_url<'a>(args: &[Val<'a>], get: fn(&Url) -> Val<'static>) -> Answer<'a> {
    let [Val::Url(url)] = args else {
        return Err(Fail::overload());
    };
    Ok(get(url))
}

fn query<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    let [Val::Url(url)] = args else {
        return Err(Fail::overload());
    };
    let entries = url
        .parameters()
        .into_iter()
        .map(|(key, values)| (Val::text(key), texts(values.into_iter())));
    Ok(made_map(entries.collect()))
}

fn parse_ip(text: &str) -> Result<IpAddr, Fail> {
    if text.contains('%') {
        return Err(Fail::new(format!(
            "IP address {text:?} with zone value is not allowed"
        )));
    }
    let address: IpAddr = text
        .parse()
        .map_err(|_| Fail::new(format!("IP Address {text:?} parse error during conversion from string: ParseAddr({text:?}): unable to parse IP")))?;
    match address {
        IpAddr::V6(six) if six.to_ipv4_mapped().is_some() => Err(Fail::new(format!(
            "IPv4-mapped IPv6 address {text:?} is not allowed"
        ))),
        address => Ok(address),
    }
}

fn ip<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Text(text)] => {
            meter.spend(tenth(text.len()))?;
            parse_ip(text).map(Val::Ip)
        }
        [Val::Cidr(address, _)] => Ok(Val::Ip(*address)),
        _ => Err(Fail::overload()),
    }
}

fn is_canonical<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let [Val::Text(text)] = args else {
        return Err(Fail::overload());
    };
    meter.spend(tenth(text.len()))?;
    Ok(Val::Bool(parse_ip(text)?.to_string() == **text))
}

fn family<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    let [Val::Ip(address)] = args else {
        return Err(Fail::overload());
    };
    Ok(Val::Int(if address.is_ipv4() { 4 } else { 6 }))
}

fn of_ip<'a>(args: &[Val<'a>], holds: fn(&IpAddr) -> bool) -> Answer<'a> {
    let [Val::Ip(address)] = args else {
        return Err(Fail::overload());
    };
    Ok(Val::Bool(holds(address)))
}

fn is_link_local_multicast(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.octets()[..3] == [224, 0, 0],
        IpAddr::V6(six) => six.segments()[0] & 0xff0f == 0xff02,
    }
}

fn is_link_local_unicast(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_link_local(),
        IpAddr::V6(six) => six.segments()[0] & 0xffc0 == 0xfe80,
    }
}

fn is_global_unicast(address: &IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(four) if four.is_broadcast());
    !broadcast
        && !address.is_unspecified()
        && !address.is_loopback()
        && !address.is_multicast()
        && !is_link_local_unicast(address)
}

fn parse_cidr(text: &str) -> Result<(IpAddr, u8), Fail> {
    let bad = |why: &str| {
        let head = "network address parse error during conversion from string";
        Fail::new(format!("{head}: {head}: netip.ParsePrefix({text:?}): {why}"))
    };
    let (address, bits) = text.rsplit_once('/').ok_or_else(|| bad("no '/'"))?;
    let address: IpAddr = address.parse().map_err(|_| bad("unable to parse IP"))?;
    if matches!(address, IpAddr::V6(six) if six.to_ipv4_mapped().is_some()) {
        return Err(Fail::new(format!(
            "IPv4-mapped IPv6 address {text:?} is not allowed"
        )));
    }
    let plain = bits.bytes().all(|b| b.is_ascii_digit()) && (bits == "0" || !bits.starts_with('0'));
    let bits: u8 = bits
        .parse()
        .ok()
        .filter(|_| plain)
        .ok_or_else(|| bad("bad bits after slash"))?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    if bits > most {
        Err(bad("prefix length out of range"))
    } else {
        Ok((address, bits))
    }
}

fn cidr<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let [Val::Text(text)] = args else {
        return Err(Fail::overload());
    };
    meter.spend(tenth(text.len()))?;
    parse_cidr(text).map(|(address, bits)| Val::Cidr(address, bits))
}

/// The first `bits` bits of an address.
fn mask(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(four) => {
            let mask = u32::MAX
                .checked_shl(u32::from(32_u8.saturating_sub(bits)))
                .unwrap_or(0);
            IpAddr::V4((u32::from(four) & mask).into())
        }
        IpAddr::V6(six) => {
            let mask = u128::MAX
                .checked_shl(u32::from(128_u8.saturating_sub(bits)))
                .unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(six) & mask))
        }
    }
}

fn holds(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    network.is_ipv4() == address.is_ipv4() && mask(network, bits) == mask(address, bits)
}

fn contains_ip<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Cidr(network, bits), Val::Text(text)] => Ok(Val::Bool(holds(*network, *bits, parse_ip(text)?))),
        [Val::Cidr(network, bits), Val::Ip(address)] => Ok(Val::Bool(holds(*network, *bits, *address))),
        _ => Err(Fail::overload()),
    }
}

fn contains_cidr<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    let (network, bits, (inner, length)) = match args {
        [Val::Cidr(network, bits), Val::Text(text)] => (network, bits, parse_cidr(text)?),
        [Val::Cidr(network, bits), Val::Cidr(inner, length)] => (network, bits, (*inner, *length)),
        _ => return Err(Fail::overload()),
    };
    Ok(Val::Bool(*bits <= length && holds(*network, *bits, inner)))
}

fn prefix_length<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    let [Val::Cidr(_, bits)] = args else {
        return Err(Fail::overload());
    };
    Ok(Val::Int(i64::from(*bits)))
}

fn masked<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    let [Val::Cidr(address, bits)] = args else {
        return Err(Fail::overload());
    };
    Ok(Val::Cidr(mask(*address, *bits), *bits))
}

fn text_of<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Ip(address)] => Ok(Val::text(address.to_string())),
        [Val::Cidr(address, bits)] => Ok(Val::text(format!("{address}/{bits}"))),
        _ => Err(Fail::overload()),
    }
}

fn quantity<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let [Val::Text(text)] = args else {
        return Err(Fail::overload());
    };
    meter.spend(tenth(text.len()))?;
    Quantity::new(text).map(Val::Quantity).map_err(Fail::new)
}

fn of_quantity<'a>(args: &[Val<'a>], get: fn(&Quantity) -> Answer<'static>) -> Answer<'a> {
    let [Val::Quantity(quantity)] = args else {
        return Err(Fail::overload());
    };
    get(quantity)
}

fn plus<'a>(args: &[Val<'a>], join: fn(&Quantity, &Quantity) -> Quantity) -> Answer<'a> {
    match args {
        [Val::Quantity(a), Val::Quantity(b)] => Ok(Val::Quantity(join(a, b))),
        [Val::Quantity(a), Val::Int(b)] => Ok(Val::Quantity(join(a, &Quantity::of_int(*b)))),
        _ => Err(Fail::overload()),
    }
}

fn compare<'a>(args: &[Val<'a>], of: fn(i64) -> Val<'static>) -> Answer<'a> {
    let order = match args {
        [Val::Quantity(a), Val::Quantity(b)] => a.compare(b),
        [Val::Semver(a), Val::Semver(b)] => a.compare(b),
        _ => return Err(Fail::overload()),
    };
    Ok(of(order as i64))
}

fn version(args: &[Val<'_>], meter: &mut Meter<'_>) -> Result<Result<Semver, String>, Fail> {
    let (text, normalize) = match args {
        [Val::Text(text)] => (text, false),
        [Val::Text(text), Val::Bool(normalize)] => (text, *normalize),
        _ => return Err(Fail::overload()),
    };
    meter.spend(tenth(text.len()))?;
    Ok(Semver::new(text, normalize))
}

fn semver<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    version(args, meter)?
        .map(|version| Val::Semver(Rc::new(version)))
        .map_err(Fail::new)
}

fn is_semver<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    Ok(Val::Bool(version(args, meter)?.is_ok()))
}

fn number<'a>(args: &[Val<'a>], at: usize) -> Answer<'a> {
    let [Val::Semver(version)] = args else {
        return Err(Fail::overload());
    };
    Ok(Val::Int(i64::try_from(version.numbers[at]).unwrap_or(i64::MAX)))
}

fn named<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    let [Val::Text(name)] = args else {
        return Err(Fail::overload());
    };
    let found = NAMED.iter().find(|(known, _)| *known == &**name);
    Ok(Val::Optional(found.map(|(name, _)| Rc::new(Val::Format(name)))))
}

fn validate<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let [Val::Format(name), Val::Text(text)] = args else {
        return Err(Fail::overload());
    };
    meter.spend(tenth(text.len()))?;
    let faults = NAMED
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, faults)| faults(text))
        .unwrap_or_default();
    Ok(if faults.is_empty() {
        Val::Optional(None)
    } else {
        texts(faults.into_iter()).some()
    })
}
