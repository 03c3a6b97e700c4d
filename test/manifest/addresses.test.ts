import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import { type AddressKind, addressKind, checkAddress } from '../../src/manifest/addresses.ts';
import { endpointProblem, isLoopbackHost } from '../../src/manifest/endpoint-address.ts';

const KINDS: Readonly<Record<AddressKind, readonly string[]>> = {
  public: ['52.94.1.1', '2600:1f18::1', '64:ff9b::3445:101'],
  private: ['10.0.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fd12::1', '::ffff:10.0.0.1', '64:ff9b::a00:1'],
  loopback: [
    '127.0.0.1',
    '127.8.9.1',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '2002:7f00:1::',
    '::ffff:0:7f00:1',
  ],
  linkLocal: ['169.254.1.1', 'fe80::1', 'fe80::1%eth0', '::ffff:169.254.1.1'],
  metadata: [
    '169.254.169.254',
    '169.254.170.2',
    '169.254.170.23',
    '100.100.100.200',
    'fd00:ec2::254',
    'FD00:EC2:0:0:0:0:0:23',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a9fe:a9fe',
    '::ffff:0:169.254.169.254',
    '2002:a9fe:a9fe::1',
  ],
  unusable: ['0.0.0.0', '0.1.2.3', '224.0.0.1', '255.255.255.255', '::', 'ff02::1', 'not an address', '1.2.3', ''],
};

describe('addressKind', () => {
  for (const [kind, addresses] of Object.entries(KINDS)) {
    for (const address of addresses) {
      it(`${address || 'nothing'} is ${kind}`, () => expect(addressKind(address)).to.equal(kind));
    }
  }
});

describe('checkAddress', () => {
  const codeOf = (address: string, allowLoopback?: boolean): string | undefined => {
    try {
      checkAddress(address, allowLoopback === undefined ? {} : { allowLoopback });
      return undefined;
    } catch (error) {
      return error instanceof ConnectorError ? error.code : 'other';
    }
  };

  it('lets public and private addresses through', () => {
    for (const address of [...KINDS.public, ...KINDS.private]) expect(codeOf(address, false)).to.equal(undefined);
  });

  it('refuses link-local, metadata and unusable addresses always', () => {
    for (const address of [...KINDS.linkLocal, ...KINDS.metadata, ...KINDS.unusable]) {
      expect(codeOf(address, true), address).to.equal('RS_CONFIG_FORBIDDEN');
    }
  });

  it('refuses loopback when it is told to', () => {
    for (const address of KINDS.loopback) {
      expect(codeOf(address)).to.equal(undefined);
      expect(codeOf(address, false), address).to.equal('RS_CONFIG_FORBIDDEN');
    }
  });
});

describe('an endpoint', () => {
  for (const endpoint of [
    'https://sts.us-west-2.amazonaws.com',
    'http://127.0.0.1:4566',
    'http://localhost:4566/',
    'http://[::1]:1',
    'http://0x7f000001',
    'http://2130706433',
  ]) {
    it(`${endpoint} may be used`, () => expect(endpointProblem(endpoint, true)).to.equal(undefined));
  }

  for (const endpoint of [
    'http://sts.us-west-2.amazonaws.com',
    'http://localhost.example.com',
    'https://2852039166', // 169.254.169.254 as one number
    'https://0xa9.0xfe.0xa9.0xfe',
    'https://[::ffff:169.254.169.254]',
    'https://user:pass@host',
    'sts.amazonaws.com',
  ]) {
    it(`${endpoint} may not`, () => expect(endpointProblem(endpoint, true)).to.be.a('string'));
  }

  it('on this machine may not be used where loopback is off', () => {
    for (const endpoint of ['https://127.0.0.1', 'http://localhost', 'https://[::1]']) {
      expect(endpointProblem(endpoint, false)).to.be.a('string');
    }
  });

  it('knows its own machine by name', () => {
    expect(['localhost', 'a.localhost', 'LOCALHOST.', '[::1]', '127.1.1.1'].map(isLoopbackHost)).to.not.include(false);
    expect(['localhost.example.com', '10.0.0.1', 'mylocalhost'].map(isLoopbackHost)).to.not.include(true);
  });
});
